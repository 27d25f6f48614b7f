package clouds

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of one request. The user guide grants 50 filters and 200 values a filter, the service's own message 200
// values a call, so all filters share them.
// See https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html and
// https://github.com/gjbae1212/gossm/issues/47 (the message).
const (
	ec2MaxFilters      = 50
	ec2MaxFilterValues = 200
	ec2MaxFilterLength = 255
	// MaxResults: the least is in EC2's message in https://github.com/aws/aws-sdk-ruby/pull/2575. The most is that of
	// other Describe actions (DescribeInstances, say); DescribeImages documents none.
	ec2MinResults, ec2MaxResults = 5, 1000
)

// ec2ImageParams are the parameters of DescribeImages. EC2 refuses unknown ones: https://github.com/aws/aws-sdk-js/issues/54
var ec2ImageParams = regexp.MustCompile(`^(Action|Version|DryRun|IncludeDeprecated|IncludeDisabled|MaxResults|NextToken|` +
	`(Owner|ImageId|ExecutableBy)\.\d+|Filter\.\d+\.(Name|Value\.\d+))$`)

// ec2Query is one decoded DescribeImages request.
type ec2Query struct {
	account, region              string
	ids, owners, executors       []string
	filters                      []ec2Filter
	dryRun, deprecated, disabled bool
	maxResults                   int // 0: not given
	token                        string
	identity                     string // the whole query but its NextToken
	now                          time.Time
}

// parseEC2Query decodes and checks the parameters. Its errors are EC2's.
func parseEC2Query(account, region string, p url.Values) (ec2Query, error) {
	q := ec2Query{
		account: account, region: region, token: p.Get("NextToken"), now: time.Now(),
		ids: numbered(p, "ImageId"), owners: numbered(p, "Owner"), executors: numbered(p, "ExecutableBy"),
	}
	q.identity = q.identify(p)
	for _, key := range slices.Sorted(maps.Keys(p)) {
		if !ec2ImageParams.MatchString(key) {
			return ec2Query{}, ec2ClientError("UnknownParameter", "The parameter %s is not recognized", key)
		}
	}
	for _, check := range []func(url.Values) error{q.parseSwitches, q.parseFilters, q.parseMaxResults} {
		if err := check(p); err != nil {
			return ec2Query{}, err
		}
	}
	return q, q.checkIDs()
}

// identify joins everything that a NextToken is bound to.
func (q *ec2Query) identify(p url.Values) string {
	p = maps.Clone(p)
	p.Del("NextToken")
	return strings.Join([]string{q.account, q.region, p.Encode()}, " ")
}

// numbered returns the values of Name.1, Name.2, … in the order of their numbers.
func numbered(p url.Values, name string) []string {
	var values []string
	for _, n := range numbers(p, name) {
		values = append(values, p.Get(fmt.Sprintf("%s.%d", name, n)))
	}
	return values
}

// numbers returns each N of the parameters Name.N and Name.N.…, in order.
func numbers(p url.Values, name string) []int {
	found := map[int]bool{}
	for key := range p {
		rest, ok := strings.CutPrefix(key, name+".")
		digits, _, _ := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(digits); ok && err == nil {
			found[n] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func (q *ec2Query) parseSwitches(p url.Values) error {
	switches := []struct {
		name string
		to   *bool
	}{{"DryRun", &q.dryRun}, {"IncludeDeprecated", &q.deprecated}, {"IncludeDisabled", &q.disabled}}
	for _, s := range switches {
		switch v := p.Get(s.name); v {
		case "true":
			*s.to = true
		case "", "false":
		default:
			return ec2ClientError("InvalidParameterValue", "Value (%s) for parameter %s is invalid. Must be true or false", v, s.name)
		}
	}
	return nil
}

func (q *ec2Query) parseFilters(p url.Values) error {
	values := 0
	for _, n := range numbers(p, "Filter") {
		key := fmt.Sprintf("Filter.%d", n)
		f, err := newEC2Filter(p.Get(key+".Name"), numbered(p, key+".Value"))
		if err != nil {
			return err
		}
		q.filters = append(q.filters, f)
		values += len(f.values)
	}
	if len(q.filters) > ec2MaxFilters {
		return ec2ClientError("FilterLimitExceeded",
			"The maximum number of filters specified on a single call is %d", ec2MaxFilters)
	}
	if values > ec2MaxFilterValues {
		return ec2ClientError("FilterLimitExceeded",
			"The maximum number of filter values specified on a single call is %d", ec2MaxFilterValues)
	}
	return nil
}

// newEC2Filter checks a filter. The length limit is one of characters: https://github.com/ansible/ansible/issues/84327
func newEC2Filter(name string, values []string) (ec2Filter, error) {
	attribute, ok := ec2ImageFilter(name)
	if !ok {
		return ec2Filter{}, ec2ClientError("InvalidParameterValue", "The filter '%s' is invalid", name)
	}
	f := ec2Filter{attribute: attribute}
	for _, v := range values {
		if utf8.RuneCountInString(v) > ec2MaxFilterLength {
			return ec2Filter{}, ec2ClientError("FilterLimitExceeded",
				"The maximum length for a filter value is %d characters", ec2MaxFilterLength)
		}
		f.values = append(f.values, newEC2Pattern(v))
	}
	return f, nil
}

func (q *ec2Query) parseMaxResults(p url.Values) error {
	if !p.Has("MaxResults") {
		return nil
	}
	n, err := strconv.Atoi(p.Get("MaxResults"))
	if err != nil || n < ec2MinResults || n > ec2MaxResults {
		return ec2ClientError("InvalidParameterValue",
			"Value ( %s ) for parameter maxResults is invalid. Expecting a value between %d and %d.",
			p.Get("MaxResults"), ec2MinResults, ec2MaxResults)
	}
	q.maxResults = n
	return nil
}

// checkIDs refuses what does not go with image IDs, and what is none.
// See https://github.com/aws/aws-sdk-ruby/issues/3028 and https://github.com/hashicorp/terraform/issues/22172
func (q *ec2Query) checkIDs() error {
	if len(q.ids) > 0 && q.maxResults > 0 {
		return ec2ClientError("InvalidParameterCombination",
			"The parameter imageIdsSet cannot be used with the parameter maxResults")
	}
	for _, id := range q.ids {
		if !strings.HasPrefix(id, "ami-") {
			return ec2ClientError("InvalidAMIID.Malformed", `Invalid id: "%s" (expecting "ami-...")`, id)
		}
	}
	return nil
}
