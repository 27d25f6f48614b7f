package vsphere

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"
)

// environment reads govc's variables.
type environment struct {
	get    func(string) string
	prefix string
}

// value returns a variable, the one with the prefix first.
func (e environment) value(name string) string {
	if e.get == nil {
		return ""
	}
	if e.prefix != "" {
		if v := e.get(e.prefix + "_" + name); v != "" {
			return v
		}
	}
	return e.get(name)
}

// unset says that a variable is not set, with all names that it could have.
func (e environment) unset(name string) string {
	if e.prefix != "" {
		return fmt.Sprintf("neither %s_%s nor %s is set", e.prefix, name, name)
	}
	return name + " is not set"
}

// account is a vCenter's address, and what the environment gives to log in there.
type account struct {
	location   string
	url        *url.URL // the client drops the user that it may have
	user       *url.Userinfo
	insecure   bool
	caCerts    string
	knownHosts string
	problem    error // what is missing or wrong in the environment
}

// account reads what concerns one vCenter. An empty address means the one of GOVC_URL, whose user and password then count too.
// Addresses never show in errors, because that one can hold a password.
func (e environment) account(address string) (account, error) {
	a := account{
		insecure: isTrue(e.value("GOVC_INSECURE")), caCerts: e.value("GOVC_TLS_CA_CERTS"),
		knownHosts: e.value("GOVC_TLS_KNOWN_HOSTS"),
	}
	var problems []string
	switch u, err := parse(address, e.value("GOVC_URL")); {
	case err != nil && address != "":
		return account{}, errors.New("the address of a vCenter is not one like https://vcenter.example/sdk")
	case err != nil:
		a.location = "GOVC_URL"
		problems = append(problems, "GOVC_URL is not an address like https://vcenter.example/sdk")
	case u == nil:
		a.location = "GOVC_URL"
		problems = append(problems, "the image set has no url, and "+e.unset("GOVC_URL"))
	default:
		a.location, a.url, a.user = u.Host, u, u.User
	}
	problems = append(problems, a.credentials(e)...)
	if len(problems) > 0 {
		a.problem = errors.New("logging in to vCenter: " + strings.Join(problems, "; "))
	}
	return a, nil
}

// parse returns the address, or the fallback if there is none, or nil. Only the fallback may hold a user.
func parse(address, fallback string) (*url.URL, error) {
	if address == "" {
		address = fallback
	}
	u, err := soap.ParseURL(address)
	if err == nil && u != nil && u.Host == "" {
		return nil, errors.New("there is no host in it")
	}
	return u, err
}

// isTrue reads a switch as govc does.
func isTrue(s string) bool { return s == "1" || strings.EqualFold(s, "true") }

// credentials sets user and password, and returns what is wrong with them.
func (a *account) credentials(e environment) (problems []string) {
	user, password := "", ""
	if a.user != nil {
		user = a.user.Username()
		password, _ = a.user.Password()
	}
	for _, c := range []struct {
		name  string
		value *string
	}{{"GOVC_USERNAME", &user}, {"GOVC_PASSWORD", &password}} {
		if given := e.value(c.name); given != "" {
			secret, err := readSecret(given)
			if err != nil { // it names the file, but what was taken for one may be the password
				problems = append(problems, "the file of "+c.name+" can't be read")
				continue
			}
			*c.value = secret
		}
		if *c.value == "" {
			problems = append(problems, e.unset(c.name))
		}
	}
	a.user = url.UserPassword(user, password)
	return problems
}

// readSecret returns a value, or what stands in the file that it is the path of, as with govc. Unlike govc it wants the whole path:
// a user may well be called like something that lies in the working directory.
func readSecret(value string) (string, error) {
	if !filepath.IsAbs(value) {
		return value, nil
	}
	return session.Secret(value)
}

// client returns a client that has not sent anything.
func (a account) client() (*soap.Client, error) {
	c := soap.NewClient(a.url, a.insecure)
	c.Namespace, c.Version = "urn:"+vim25.Namespace, vim25.Version
	if a.caCerts != "" {
		if err := c.SetRootCAs(a.caCerts); err != nil {
			return nil, fmt.Errorf("reading GOVC_TLS_CA_CERTS: %w", err)
		}
	}
	if err := c.LoadThumbprints(a.knownHosts); err != nil {
		return nil, fmt.Errorf("reading GOVC_TLS_KNOWN_HOSTS: %w", err)
	}
	return c, nil
}
