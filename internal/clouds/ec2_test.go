package clouds

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	us    = "123456789012" // the caller
	them  = "706635527432" // another account
	paris = "eu-west-3"
)

// client is the real client, without retries, of one region.
func client(url, region string, options ...func(*ec2.Options)) *ec2.Client {
	return ec2.New(ec2.Options{
		Region: region, BaseEndpoint: &url, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	}, options...)
}

// inParis serves a cloud and returns a client for Paris.
func inParis(t *testing.T, e *EC2, options ...func(*ec2.Options)) *ec2.Client {
	t.Helper()
	return client(start(t, e).URL, paris, options...)
}

// names asks for images and returns their names in the order of the answer.
func names(t *testing.T, c *ec2.Client, in *ec2.DescribeImagesInput) []string {
	t.Helper()
	out, err := c.DescribeImages(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return imageNames(out)
}

func imageNames(out *ec2.DescribeImagesOutput) []string {
	var got []string
	for _, i := range out.Images {
		got = append(got, aws.ToString(i.Name))
	}
	return got
}

// code returns the error code of an answer, or the error itself where the answer was none.
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return "no API error: " + errText(err)
}

func errText(err error) string {
	if err == nil {
		return "<nil>"
	}
	return err.Error()
}

func TestEC2Image(t *testing.T) {
	t.Parallel()
	e := NewEC2(EC2Config{})
	id := e.AddImage(paris, AMI{Name: "flatcar"})
	e.AddImage(paris, AMI{
		ID: "ami-0abc", Name: "flatcar-arm64", Owner: them, OwnerAlias: "amazon", Architecture: "arm64", State: "failed",
		StateReason: "Server.InternalError: snapshot lost", Virtualization: "paravirtual", RootDevice: "instance-store",
		Public: true, Created: time.Date(2024, 7, 2, 13, 35, 34, 0, time.UTC), Deprecated: time.Date(2126, 7, 2, 0, 0, 0, 0, time.UTC),
	})
	out, err := inParis(t, e).DescribeImages(t.Context(), &ec2.DescribeImagesInput{})
	if err != nil {
		t.Fatal(err)
	}
	want := []types.Image{{
		ImageId: &id, Name: aws.String("flatcar"), OwnerId: aws.String(us), ImageLocation: aws.String(us + "/flatcar"),
		Architecture: types.ArchitectureValuesX8664, State: types.ImageStateAvailable, Public: aws.Bool(false),
		VirtualizationType: types.VirtualizationTypeHvm, RootDeviceType: types.DeviceTypeEbs,
		Hypervisor: types.HypervisorTypeXen, ImageType: types.ImageTypeValuesMachine,
		CreationDate: aws.String("2024-01-01T00:00:01.000Z"),
	}, {
		ImageId: aws.String("ami-0abc"), Name: aws.String("flatcar-arm64"), OwnerId: aws.String(them),
		ImageOwnerAlias: aws.String("amazon"), ImageLocation: aws.String(them + "/flatcar-arm64"),
		Architecture: types.ArchitectureValuesArm64, State: types.ImageStateFailed, Public: aws.Bool(true),
		VirtualizationType: types.VirtualizationTypeParavirtual, RootDeviceType: types.DeviceTypeInstanceStore,
		Hypervisor: types.HypervisorTypeXen, ImageType: types.ImageTypeValuesMachine,
		CreationDate: aws.String("2024-07-02T13:35:34.000Z"), DeprecationTime: aws.String("2126-07-02T00:00:00.000Z"),
		StateReason: &types.StateReason{Code: aws.String("Server.InternalError"), Message: aws.String("Server.InternalError: snapshot lost")},
	}}
	if diff := cmp.Diff(want, out.Images, cmpopts.IgnoreUnexported(types.Image{}, types.StateReason{})); diff != "" {
		t.Error(diff)
	}
	if out.NextToken != nil {
		t.Errorf("unwanted token %q", *out.NextToken)
	}
}

func TestEC2Regions(t *testing.T) {
	t.Parallel()
	e := NewEC2(EC2Config{})
	e.AddImage(paris, AMI{Name: "in-paris"})
	e.AddImage("eu-central-1", AMI{Name: "in-frankfurt"})
	s := start(t, e)
	for region, want := range map[string][]string{paris: {"in-paris"}, "eu-central-1": {"in-frankfurt"}, "us-east-1": nil} {
		if diff := cmp.Diff(want, names(t, client(s.URL, region), &ec2.DescribeImagesInput{})); diff != "" {
			t.Errorf("%s: %s", region, diff)
		}
		got := e.Requests(region)
		if len(got) != 1 || got[0].Operation != "DescribeImages" || got[0].Params.Get("Version") != "2016-11-15" {
			t.Errorf("%s: got the requests %v", region, got)
		}
	}
}

func TestEC2ChangeImages(t *testing.T) {
	t.Parallel()
	e := NewEC2(EC2Config{})
	c := inParis(t, e)
	id := e.AddImage(paris, AMI{Name: "one", State: "pending"})
	e.AddImage(paris, AMI{Name: "two"})
	e.AddImage(paris, AMI{ID: id, Name: "one", State: "available"})
	available := &ec2.DescribeImagesInput{Filters: []types.Filter{equal("state", "available")}}
	if diff := cmp.Diff([]string{"one", "two"}, names(t, c, available)); diff != "" {
		t.Error(diff)
	}
	if e.RemoveImage("eu-central-1", id) || !e.RemoveImage(paris, id) || e.RemoveImage(paris, id) {
		t.Error("RemoveImage reports what it did not do")
	}
	if diff := cmp.Diff([]string{"two"}, names(t, c, available)); diff != "" {
		t.Error(diff)
	}
}

func TestEC2OtherActions(t *testing.T) {
	t.Parallel()
	e := NewEC2(EC2Config{})
	_, err := inParis(t, e).DescribeRegions(t.Context(), &ec2.DescribeRegionsInput{})
	if got := code(err); got != "InvalidAction" {
		t.Errorf("got %s", got)
	}
	if got := e.Requests(paris); len(got) != 1 || got[0].Operation != "DescribeRegions" {
		t.Errorf("got the requests %v", got)
	}
}

func TestEC2AccessKeys(t *testing.T) {
	t.Parallel()
	e := NewEC2(EC2Config{AccessKeys: map[string]string{"AKIDEXAMPLE": us, "AKIDTHEM": them}})
	e.AddImage(paris, AMI{Name: "ours", Owner: us})
	e.AddImage(paris, AMI{Name: "theirs", Owner: them})
	s := start(t, e)
	with := func(key string) *ec2.Client {
		return client(s.URL, paris, func(o *ec2.Options) {
			o.Credentials = credentials.NewStaticCredentialsProvider(key, "secret", "")
		})
	}
	self := &ec2.DescribeImagesInput{Owners: []string{"self"}}
	if diff := cmp.Diff([]string{"ours"}, names(t, with("AKIDEXAMPLE"), self)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"theirs"}, names(t, with("AKIDTHEM"), self)); diff != "" {
		t.Error(diff)
	}
	if _, err := with("AKIDNOBODY").DescribeImages(t.Context(), self); code(err) != "AuthFailure" {
		t.Errorf("unknown key: got %v", err)
	}
}

// TestEC2Wire looks at the bytes, and at requests that the real client does not send.
func TestEC2Wire(t *testing.T) {
	t.Parallel()
	s := start(t, NewEC2(EC2Config{}))
	now := time.Now().UTC().Format(sigV4Date)
	signed := func(scope string) string {
		return "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" + scope + "/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
	}
	good := signed("20240702/eu-west-3/ec2")
	for name, c := range map[string]struct {
		authorization, date, form string
		status                    int
		want                      string // a part of the body
	}{
		"nothing there": {
			good, now, "Action=DescribeImages", 200,
			`<DescribeImagesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>00000000-0000-4000-8000-`,
		},
		"no authorization":  {"", now, "Action=DescribeImages", 403, `<Response><Errors><Error><Code>MissingAuthenticationToken</Code><Message>`},
		"basic":             {"Basic dXM6dGhlbQ==", now, "Action=DescribeImages", 401, "<Code>AuthFailure</Code>"},
		"short scope":       {signed("20240702/ec2"), now, "Action=DescribeImages", 401, "<Code>AuthFailure</Code>"},
		"empty region":      {signed("20240702//ec2"), now, "Action=DescribeImages", 401, "<Code>AuthFailure</Code>"},
		"signed for S3":     {signed("20240702/eu-west-3/s3"), now, "Action=DescribeImages", 401, "<Code>AuthFailure</Code>"},
		"no signature":      {strings.TrimSuffix(good, "00"), now, "Action=DescribeImages", 401, "<Code>AuthFailure</Code>"},
		"no date":           {good, "", "Action=DescribeImages", 401, "<Code>AuthFailure</Code>"},
		"signed long ago":   {good, "20240702T133534Z", "Action=DescribeImages", 400, "<Code>RequestExpired</Code>"},
		"no action":         {good, now, "Version=2016-11-15", 400, "<Code>MissingAction</Code>"},
		"no form":           {good, now, "%zz", 400, "<Code>MalformedQueryString</Code>"},
		"unknown parameter": {good, now, "Action=DescribeImages&Filter.1.Values.1=x", 400, "<Code>UnknownParameter</Code>"},
		"half a boolean":    {good, now, "Action=DescribeImages&IncludeDisabled=1", 400, "<Code>InvalidParameterValue</Code>"},
		"MaxResults=many":   {good, now, "Action=DescribeImages&MaxResults=many", 400, "<Code>InvalidParameterValue</Code>"},
		"dry run":           {good, now, "Action=DescribeImages&DryRun=true", 412, "<Code>DryRunOperation</Code>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, body := post(t, s, c.form, c.authorization, c.date)
			if res.StatusCode != c.status || !strings.Contains(body, c.want) {
				t.Errorf("got %d\n%s\nwant %d %s", res.StatusCode, body, c.status, c.want)
			}
			if id := res.Header.Get("X-Amzn-Requestid"); id == "" || !strings.Contains(body, id) {
				t.Errorf("request ID %q is not in\n%s", id, body)
			}
		})
	}
}

// post sends a form with these headers and returns the answer with its body.
func post(t *testing.T, s *httptest.Server, form, authorization, date string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", authorization)
	r.Header.Set("X-Amz-Date", date)
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}
