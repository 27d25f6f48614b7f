package clouds

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
)

// pages walks through the answer with the client's own paginator until its end or the first error.
func pages(t *testing.T, c *ec2.Client, in *ec2.DescribeImagesInput) ([][]string, error) {
	t.Helper()
	var got [][]string
	for p := ec2.NewDescribeImagesPaginator(c, in); p.HasMorePages(); {
		out, err := p.NextPage(t.Context())
		if err != nil {
			return got, err
		}
		got = append(got, imageNames(out))
	}
	return got, nil
}

// letters returns a server with one image for every letter.
func letters(c EC2Config, letters string) *EC2 {
	e := NewEC2(c)
	for _, l := range letters {
		e.AddImage(paris, AMI{Name: string(l)})
	}
	return e
}

func TestEC2Pages(t *testing.T) {
	t.Parallel()
	vowels := []types.Filter{equal("name", "a", "e")}
	for name, c := range map[string]struct {
		config EC2Config
		in     *ec2.DescribeImagesInput
		want   [][]string
	}{
		"no paging":   {EC2Config{}, &ec2.DescribeImagesInput{}, [][]string{{"a", "b", "c", "d", "e", "f", "g"}}},
		"max results": {EC2Config{}, &ec2.DescribeImagesInput{MaxResults: aws.Int32(5)}, [][]string{{"a", "b", "c", "d", "e"}, {"f", "g"}}},
		"just full":   {EC2Config{PageLimit: 7}, &ec2.DescribeImagesInput{}, [][]string{{"a", "b", "c", "d", "e", "f", "g"}}},
		"page limit": {
			EC2Config{PageLimit: 3},
			&ec2.DescribeImagesInput{MaxResults: aws.Int32(500)},
			[][]string{{"a", "b", "c"}, {"d", "e", "f"}, {"g"}},
		},
		"page limit above max results": {
			EC2Config{PageLimit: 6},
			&ec2.DescribeImagesInput{MaxResults: aws.Int32(5)},
			[][]string{{"a", "b", "c", "d", "e"}, {"f", "g"}},
		},
		"filtered": {EC2Config{PageLimit: 1}, &ec2.DescribeImagesInput{Filters: vowels}, [][]string{{"a"}, {"e"}}},
		"empty pages": {
			EC2Config{PageLimit: 1, EmptyPages: true},
			&ec2.DescribeImagesInput{Filters: vowels},
			[][]string{nil, {"a"}, nil, {"e"}},
		},
		"nothing but an empty page": {
			EC2Config{EmptyPages: true},
			&ec2.DescribeImagesInput{Filters: []types.Filter{equal("name", "z")}},
			[][]string{nil, nil},
		},
		"by ID": {
			EC2Config{PageLimit: 1, EmptyPages: true},
			&ec2.DescribeImagesInput{ImageIds: []string{"ami-00000000000000001", "ami-00000000000000002"}},
			[][]string{{"a", "b"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := letters(c.config, "abcdefg")
			got, err := pages(t, inParis(t, e), c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if got := len(e.Requests(paris)); got != len(c.want) {
				t.Errorf("%d requests for %d pages", got, len(c.want))
			}
		})
	}
}

// TestEC2PagesOfChange shows that a page begins where the one before ended, whatever happened in between.
func TestEC2PagesOfChange(t *testing.T) {
	t.Parallel()
	e := letters(EC2Config{PageLimit: 2}, "abcd")
	p := ec2.NewDescribeImagesPaginator(inParis(t, e), &ec2.DescribeImagesInput{})
	first, err := p.NextPage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e.RemoveImage(paris, *first.Images[1].ImageId) // the one that the token points at
	e.AddImage(paris, AMI{Name: "e"})
	second, err := p.NextPage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"c", "d"}, imageNames(second)); diff != "" {
		t.Error(diff)
	}
}

func TestEC2Token(t *testing.T) {
	t.Parallel()
	e := letters(EC2Config{PageLimit: 2}, "abcd")
	s := start(t, e)
	c := client(s.URL, paris)
	out, err := c.DescribeImages(t.Context(), &ec2.DescribeImagesInput{Owners: []string{us}})
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]struct {
		client *ec2.Client
		in     *ec2.DescribeImagesInput
	}{
		"made up":       {c, &ec2.DescribeImagesInput{Owners: []string{us}, NextToken: aws.String("second-page")}},
		"cut":           {c, &ec2.DescribeImagesInput{Owners: []string{us}, NextToken: aws.String((*out.NextToken)[:20])}},
		"other query":   {c, &ec2.DescribeImagesInput{Owners: []string{"self"}, NextToken: out.NextToken}},
		"other results": {c, &ec2.DescribeImagesInput{Owners: []string{us}, NextToken: out.NextToken, MaxResults: aws.Int32(5)}},
		"other region":  {client(s.URL, "eu-central-1"), &ec2.DescribeImagesInput{Owners: []string{us}, NextToken: out.NextToken}},
	} {
		if _, err := bad.client.DescribeImages(t.Context(), bad.in); code(err) != "InvalidParameterValue" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	again := &ec2.DescribeImagesInput{Owners: []string{us}, NextToken: out.NextToken}
	if diff := cmp.Diff([]string{"c", "d"}, names(t, c, again)); diff != "" {
		t.Error(diff)
	}
}
