package clouds

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
)

func equal(name string, values ...string) types.Filter {
	return types.Filter{Name: &name, Values: values}
}

// zoo holds one image of every kind, each named after what is special about it.
func zoo() *EC2 {
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	e := NewEC2(EC2Config{Account: us})
	for _, a := range []AMI{
		{Name: "ours"},
		{Name: "ours-arm", Architecture: "arm64"},
		{Name: "ours-failed", State: "failed", StateReason: "Server.InternalError: no"},
		{Name: "ours-deprecated", Deprecated: past},
		{Name: "ours-disabled", State: "disabled", Public: true},
		{Name: "theirs", Owner: them, Public: true},
		{Name: "theirs-private", Owner: them},
		{Name: "theirs-deprecated", Owner: them, Public: true, Deprecated: past},
		{Name: "theirs-deprecated-soon", Owner: them, Public: true, Deprecated: future},
		{Name: "theirs-disabled", Owner: them, Public: true, State: "disabled"},
		{Name: "amazons", Owner: "801119661308", OwnerAlias: "amazon", Public: true},
	} {
		a.ID = "ami-" + a.Name
		e.AddImage(paris, a)
	}
	return e
}

func TestEC2Select(t *testing.T) {
	t.Parallel()
	filtered := func(f ...types.Filter) *ec2.DescribeImagesInput { return &ec2.DescribeImagesInput{Filters: f} }
	for name, c := range map[string]struct {
		in   *ec2.DescribeImagesInput
		want string
	}{
		"all": {filtered(), "ours ours-arm ours-failed ours-deprecated theirs theirs-deprecated-soon amazons"},
		"with deprecated": {
			&ec2.DescribeImagesInput{IncludeDeprecated: aws.Bool(true)},
			"ours ours-arm ours-failed ours-deprecated theirs theirs-deprecated theirs-deprecated-soon amazons",
		},
		"with disabled": {
			&ec2.DescribeImagesInput{IncludeDisabled: aws.Bool(true)},
			"ours ours-arm ours-failed ours-deprecated ours-disabled theirs theirs-deprecated-soon amazons",
		},
		"disabled is private": {&ec2.DescribeImagesInput{
			IncludeDisabled: aws.Bool(true), Filters: []types.Filter{equal("is-public", "false"), equal("state", "disabled")},
		}, "ours-disabled"},
		"without deprecated": {
			&ec2.DescribeImagesInput{IncludeDeprecated: aws.Bool(false), Owners: []string{"self"}},
			"ours ours-arm ours-failed ours-deprecated",
		},

		"owner account":   {&ec2.DescribeImagesInput{Owners: []string{them}}, "theirs theirs-deprecated-soon"},
		"owner alias":     {&ec2.DescribeImagesInput{Owners: []string{"amazon"}}, "amazons"},
		"several owners":  {&ec2.DescribeImagesInput{Owners: []string{"amazon", them}}, "theirs theirs-deprecated-soon amazons"},
		"unknown owner":   {&ec2.DescribeImagesInput{Owners: []string{"000000000000"}}, ""},
		"executable: all": {&ec2.DescribeImagesInput{ExecutableUsers: []string{"all"}}, "theirs theirs-deprecated-soon amazons"},
		"executable: us":  {&ec2.DescribeImagesInput{ExecutableUsers: []string{"self"}}, ""},

		"image ID":            {&ec2.DescribeImagesInput{ImageIds: []string{"ami-theirs"}}, "theirs"},
		"deprecated image ID": {&ec2.DescribeImagesInput{ImageIds: []string{"ami-theirs-deprecated"}}, "theirs-deprecated"},
		"private image ID":    {&ec2.DescribeImagesInput{ImageIds: []string{"ami-theirs-private"}}, ""},
		"several image IDs":   {&ec2.DescribeImagesInput{ImageIds: []string{"ami-theirs", "ami-ours"}}, "ours theirs"},

		"name":          {filtered(equal("name", "ours", "theirs", "nobody's")), "ours theirs"},
		"name is exact": {filtered(equal("name", "our", "OURS")), ""},
		"architecture":  {filtered(equal("architecture", "arm64")), "ours-arm"},
		"state":         {filtered(equal("state", "failed", "pending")), "ours-failed"},
		"state reason":  {filtered(equal("state-reason-code", "Server.InternalError")), "ours-failed"},
		"owner-id":      {filtered(equal("owner-id", them)), "theirs theirs-deprecated-soon"},
		"owner-alias":   {filtered(equal("owner-alias", "amazon")), "amazons"},
		"public":        {filtered(equal("is-public", "true"), equal("owner-id", them)), "theirs theirs-deprecated-soon"},
		"all of several": {
			filtered(equal("owner-id", us), equal("architecture", "x86_64"), equal("state", "available")),
			"ours ours-deprecated",
		},
		"virtualization":      {filtered(equal("virtualization-type", "paravirtual")), ""},
		"root device":         {filtered(equal("root-device-type", "ebs"), equal("image-id", "ami-ours")), "ours"},
		"date":                {filtered(equal("creation-date", "2024-01-01*"), equal("name", "ours")), "ours"},
		"has an alias":        {filtered(types.Filter{Name: aws.String("owner-alias")}), "amazons"},
		"what no image has":   {filtered(equal("tag:Owner", "*")), ""},
		"windows":             {filtered(equal("platform", "windows")), ""},
		"hypervisor and type": {filtered(equal("hypervisor", "xen"), equal("image-type", "machine"), equal("name", "ours")), "ours"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(names(t, inParis(t, zoo()), c.in), " ")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEC2Wildcards(t *testing.T) {
	t.Parallel()
	e := NewEC2(EC2Config{})
	for _, n := range []string{"a.b", "a+b", "a*b", "a?b", `a\b`, "ab", "a.b.c"} {
		e.AddImage(paris, AMI{Name: n})
	}
	c := inParis(t, e)
	for value, want := range map[string][]string{
		"a*b":     {"a.b", "a+b", "a*b", "a?b", `a\b`, "ab"},
		"a?b":     {"a.b", "a+b", "a*b", "a?b", `a\b`, "ab"}, // ? is one character or none
		"a??b":    {"a.b", "a+b", "a*b", "a?b", `a\b`, "ab"},
		`a\*b`:    {"a*b"},
		`a\?b`:    {"a?b"},
		`a\\b`:    {`a\b`},
		`a\\*b`:   {`a\b`},
		`a\.b`:    {"a.b"},
		"a.b":     {"a.b"},
		"a.b*":    {"a.b", "a.b.c"},
		`a.b\`:    nil,
		"*":       {"a.b", "a+b", "a*b", "a?b", `a\b`, "ab", "a.b.c"},
		"A*":      nil,
		"":        nil,
		`*\**`:    {"a*b"},
		"a[.+]b":  nil,
		"(a|b).b": nil,
	} {
		in := &ec2.DescribeImagesInput{Filters: []types.Filter{equal("name", value)}}
		if diff := cmp.Diff(want, names(t, c, in)); diff != "" {
			t.Errorf("%s: %s", value, diff)
		}
	}
}

// many returns n different values.
func many(n int) []string {
	values := make([]string, n)
	for i := range values {
		values[i] = fmt.Sprintf("flatcar-stable-3815.2.5-kube-1.29.%d-tooling-1.15.0-gs", i)
	}
	return values
}

func TestEC2Limits(t *testing.T) {
	t.Parallel()
	filters := func(n int) (f []types.Filter) {
		for range n {
			f = append(f, equal("owner-id", us))
		}
		return f
	}
	for name, c := range map[string]struct {
		in   *ec2.DescribeImagesInput
		want string // error code
	}{
		"200 values": {&ec2.DescribeImagesInput{Filters: []types.Filter{equal("name", many(200)...)}}, ""},
		"201 values": {&ec2.DescribeImagesInput{Filters: []types.Filter{equal("name", many(201)...)}}, "FilterLimitExceeded"},
		"201 in two filters": {
			&ec2.DescribeImagesInput{Filters: []types.Filter{equal("name", many(200)...), equal("state", "available")}},
			"FilterLimitExceeded",
		},
		"50 filters":         {&ec2.DescribeImagesInput{Filters: filters(50)}, ""},
		"51 filters":         {&ec2.DescribeImagesInput{Filters: filters(51)}, "FilterLimitExceeded"},
		"255 characters":     {&ec2.DescribeImagesInput{Filters: []types.Filter{equal("name", strings.Repeat("ä", 255))}}, ""},
		"256 characters":     {&ec2.DescribeImagesInput{Filters: []types.Filter{equal("name", strings.Repeat("a", 256))}}, "FilterLimitExceeded"},
		"unknown filter":     {&ec2.DescribeImagesInput{Filters: []types.Filter{equal("Name", "x")}}, "InvalidParameterValue"},
		"missing image ID":   {&ec2.DescribeImagesInput{ImageIds: []string{"ami-ours", "ami-1", "ami-2"}}, "InvalidAMIID.NotFound"},
		"malformed image ID": {&ec2.DescribeImagesInput{ImageIds: []string{"aki-1"}}, "InvalidAMIID.Malformed"},
		"4 results":          {&ec2.DescribeImagesInput{MaxResults: aws.Int32(4)}, "InvalidParameterValue"},
		"5 results":          {&ec2.DescribeImagesInput{MaxResults: aws.Int32(5)}, ""},
		"1000 results":       {&ec2.DescribeImagesInput{MaxResults: aws.Int32(1000)}, ""},
		"1001 results":       {&ec2.DescribeImagesInput{MaxResults: aws.Int32(1001)}, "InvalidParameterValue"},
		"results of an ID":   {&ec2.DescribeImagesInput{MaxResults: aws.Int32(5), ImageIds: []string{"ami-ours"}}, "InvalidParameterCombination"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := inParis(t, zoo()).DescribeImages(t.Context(), c.in)
			if c.want == "" && err == nil {
				return
			}
			if got := code(err); got != c.want {
				t.Errorf("got %s, want %q", got, c.want)
			}
		})
	}
}

func TestEC2UnknownFilterIsNamed(t *testing.T) {
	t.Parallel()
	in := &ec2.DescribeImagesInput{Filters: []types.Filter{equal("xyz", "x")}}
	_, err := inParis(t, zoo()).DescribeImages(t.Context(), in)
	if err == nil || !strings.HasSuffix(err.Error(), "InvalidParameterValue: The filter 'xyz' is invalid") {
		t.Errorf("got %v", err)
	}
}
