package clouddirector

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

// account is whom to log in as, and where.
type account struct {
	api            url.URL // ends in /api
	org            string
	token          string // API token; empty: user and password
	user, password string
	unverified     bool // accept any certificate
}

// newAccount reads settings and environment. The error names every problem.
func newAccount(settings imageset.CloudDirector, getenv func(string) string) (account, error) {
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	e := environment{getenv: getenv, prefix: settings.Prefix}
	a := account{org: settings.Org}
	var problems []string
	note := func(err error) {
		if err != nil {
			problems = append(problems, err.Error())
		}
	}
	var err error
	a.api, err = e.address(settings.URL)
	note(err)
	note(e.credentials(&a))
	a.unverified, err = e.unverified()
	note(err)
	if len(problems) > 0 {
		return account{}, errors.New(strings.Join(problems, "; "))
	}
	return a, nil
}

// environment is the environment with the variables of one account first.
type environment struct {
	getenv func(string) string
	prefix string
}

// names are the names under which a variable is looked up, in this order.
func (e environment) names(variable string) []string {
	if e.prefix == "" {
		return []string{variable}
	}
	return []string{e.prefix + "_" + variable, variable}
}

// lookup returns a variable and the name under which it was found.
func (e environment) lookup(variable string) (value, name string) {
	for _, name := range e.names(variable) {
		if value := e.getenv(name); value != "" {
			return value, name
		}
	}
	return "", strings.Join(e.names(variable), " or ")
}

// address is where the API is. Like VMware's SDK it takes the address with or without the /api at its end. Passwords are sent
// there, so it must be https.
func (e environment) address(setting string) (url.URL, error) {
	value, name := setting, "cloudDirector.url"
	if value == "" {
		value, name = e.lookup("VCD_URL")
	}
	if value == "" {
		return url.URL{}, fmt.Errorf("there is no address: give cloudDirector.url in the image set, or set %s", name)
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "":
		return url.URL{}, fmt.Errorf("%s is not an address like https://vcd.example/api", name)
	case u.Scheme != "https":
		return url.URL{}, fmt.Errorf("%s must begin with https, because credentials are sent there", name)
	case u.User != nil:
		return url.URL{}, fmt.Errorf("%s has a user or password in it; use the variables for credentials", name)
	}
	path := strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/api") + "/api"
	return url.URL{Scheme: u.Scheme, Host: u.Host, Path: path}, nil
}

// credentials sets the API token, or user and password. They are taken from variables with the prefix, or all without it, so that
// one account's password is never sent for another's user. A token counts before a password.
func (e environment) credentials(a *account) error {
	tokens, users, passwords := e.names("VCD_API_TOKEN"), e.names("VCD_USER"), e.names("VCD_PASSWORD")
	for i := range tokens {
		a.token, a.user, a.password = e.getenv(tokens[i]), e.getenv(users[i]), e.getenv(passwords[i])
		switch {
		case a.token != "", a.user != "" && a.password != "":
			return nil
		case a.user != "":
			return fmt.Errorf("%s is set, but %s is not", users[i], passwords[i])
		case a.password != "":
			return fmt.Errorf("%s is set, but %s is not", passwords[i], users[i])
		}
	}
	choices := make([]string, len(tokens))
	for i := range tokens {
		choices[i] = tokens[i] + ", or " + users[i] + " and " + passwords[i]
	}
	return fmt.Errorf("there are no credentials: set %s", strings.Join(choices, ", or "))
}

// unverified tells whether the server's certificate is not to be checked.
func (e environment) unverified() (bool, error) {
	value, name := e.lookup("VCD_ALLOW_UNVERIFIED_SSL")
	if value == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(value)
	if err != nil {
		return false, fmt.Errorf("%s must be true or false", name)
	}
	return b, nil
}
