package clouds_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/giantswarm/nodeimage/internal/clouds"
)

// controlled is a box as those see it who have its control server's URL and its environment.
type controlled struct {
	t           *testing.T
	url         string
	environment map[string]string
}

func newControlled(t *testing.T) controlled {
	t.Helper()
	box, err := clouds.NewBoxAt(clouds.BoxConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(box.Close)
	s := httptest.NewServer(box.Control())
	t.Cleanup(s.Close)
	environment := map[string]string{}
	for _, line := range box.Environment() {
		name, value, _ := strings.Cut(line, "=")
		environment[name] = value
	}
	return controlled{t, s.URL, environment}
}

// ask makes a request, "GET /amis" say, and returns the answer's body. It must have the status.
func (c controlled) ask(status int, request, body string) string {
	c.t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if res.StatusCode != status {
		c.t.Errorf("%s %s: got %d %s, want %d", request, body, res.StatusCode, answer, status)
	}
	return strings.TrimSuffix(string(answer), "\n")
}

func (c controlled) expect(request, want string) {
	c.t.Helper()
	if got := c.ask(http.StatusOK, request, ""); got != want {
		c.t.Errorf("%s: got\n%s\nwant\n%s", request, got, want)
	}
}

func (c controlled) credentials() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(c.environment["AWS_ACCESS_KEY_ID"], c.environment["AWS_SECRET_ACCESS_KEY"], "")
}

// images are the names that EC2 lists in a region.
func (c controlled) images(region string) (string, error) {
	client := ec2.New(ec2.Options{
		Region: region, BaseEndpoint: aws.String(c.environment["AWS_ENDPOINT_URL"]), Retryer: aws.NopRetryer{}, Credentials: c.credentials(),
	})
	out, err := client.DescribeImages(c.t.Context(), &ec2.DescribeImagesInput{Owners: []string{"self"}})
	if err != nil {
		return "", err
	}
	var names []string
	for _, i := range out.Images {
		names = append(names, aws.ToString(i.Name)+" "+string(i.State))
	}
	return strings.Join(names, ", "), nil
}

func (c controlled) expectImages(region, want string) {
	c.t.Helper()
	if got, err := c.images(region); err != nil || got != want {
		c.t.Errorf("%s has %q (%v), want %q", region, got, err, want)
	}
}

func TestControlAMIs(t *testing.T) {
	t.Parallel()
	c := newControlled(t)
	c.ask(200, "POST /amis", `{"name": "flatcar", "regions": ["eu-west-1", "eu-central-1"], "public": true}`)
	c.ask(200, "POST /amis", `{"name": "arm", "regions": ["eu-west-1"], "architecture": "arm64", "owner": "123456789012", "state": "pending"}`)
	c.expectImages("eu-west-1", "flatcar available")
	c.expectImages("eu-central-1", "flatcar available")
	c.expect("GET /amis", `{"eu-central-1":[{"id":"ami-00000000000000002","name":"flatcar","owner":"706635527432","architecture":"x86_64",`+
		`"state":"available","public":true,"created":"2024-01-01T00:00:02Z","puts":1}],`+
		`"eu-west-1":[{"id":"ami-00000000000000001","name":"flatcar","owner":"706635527432","architecture":"x86_64",`+
		`"state":"available","public":true,"created":"2024-01-01T00:00:01Z","puts":1},`+
		`{"id":"ami-00000000000000003","name":"arm","owner":"123456789012","architecture":"arm64",`+
		`"state":"pending","public":false,"created":"2024-01-01T00:00:03Z","puts":1}]}`)

	// A name that is taken in one region is put into none, unless it is forced; another account's name is not taken.
	got := c.ask(409, "POST /amis", `{"name": "flatcar", "regions": ["us-east-1", "eu-west-1"]}`)
	if want := `{"error":"flatcar is used by ami-00000000000000001 in eu-west-1"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c.expectImages("us-east-1", "")
	c.ask(200, "POST /amis", `{"name": "flatcar", "regions": ["us-east-1", "eu-west-1"], "force": true}`)
	c.ask(200, "POST /amis", `{"name": "arm", "regions": ["eu-west-1"]}`)
	c.expectImages("us-east-1", "flatcar available")
	c.expectImages("eu-west-1", "flatcar available, arm available")
	c.expect("GET /amis?region=eu-west-1&name=flatcar&owner=self", `{"eu-west-1":[{"id":"ami-00000000000000005","name":"flatcar",`+
		`"owner":"706635527432","architecture":"x86_64","state":"available","public":false,"created":"2024-01-01T00:00:05Z","puts":2}]}`)
	c.expect("GET /amis?name=gone", `{}`)
}

func TestControlObjects(t *testing.T) {
	t.Parallel()
	c := newControlled(t)
	c.ask(200, "POST /objects/gs-public-capi-vm-images/capv/a/b.ova", "first")
	c.ask(200, "POST /objects/gs-public-capi-vm-images/capv/a/b.ova", "second\x00")
	c.ask(404, "POST /objects/elsewhere/a", "x")
	c.expect("GET /objects", `{"gs-public-capi-vm-images":[{"key":"capv/a/b.ova","size":7,"puts":2}]}`)
	client := s3.New(s3.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(c.environment["AWS_ENDPOINT_URL_S3"]), Credentials: c.credentials(), UsePathStyle: true,
	})
	out, err := client.GetObject(t.Context(), &s3.GetObjectInput{
		Bucket: aws.String("gs-public-capi-vm-images"), Key: aws.String("capv/a/b.ova"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	if body, err := io.ReadAll(out.Body); err != nil || string(body) != "second\x00" {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestControlMachines(t *testing.T) {
	t.Parallel()
	c := newControlled(t)
	c.expect("GET /machines", `[]`)
	c.ask(200, "POST /machines", `{"folder": "/dc/vm/templates", "name": "flatcar"}`)
	c.ask(409, "POST /machines", `{"folder": "/dc/vm/templates", "name": "flatcar"}`)
	c.ask(200, "POST /machines", `{"folder": "/dc/vm/templates", "name": "flatcar", "force": true}`)
	c.ask(400, "POST /machines", `{"folder": "templates", "name": "flatcar"}`)
	c.expect("GET /machines", `[{"name":"flatcar","puts":2}]`)
}

func TestControlFaults(t *testing.T) {
	t.Parallel()
	c := newControlled(t)
	fail := func(region, fault, more string) {
		c.ask(200, "POST /faults", `{"cloud": "aws", "location": "`+region+`", "fault": "`+fault+`"`+more+`}`)
	}
	fail("eu-west-1", "forbidden", "")
	if _, err := c.images("eu-west-1"); err == nil {
		t.Error("eu-west-1 answers")
	}
	c.expectImages("eu-central-1", "")
	fail("eu-west-1", "", "")
	c.expectImages("eu-west-1", "")
	fail("eu-west-1", "unavailable", `, "from": 2`)
	c.expectImages("eu-west-1", "")
	if _, err := c.images("eu-west-1"); err == nil {
		t.Error("the second request is answered")
	}
	got := c.ask(200, "GET /requests?cloud=aws&location=eu-west-1", "")
	if strings.Count(got, `"operation":"DescribeImages"`) != 4 || strings.Contains(got, "eu-central-1") || strings.Contains(got, "AKIA") {
		t.Errorf("got the requests %s", got)
	}
	c.expect("GET /requests?cloud=s3", `{"s3":[]}`)
}

func TestControlClear(t *testing.T) {
	t.Parallel()
	c := newControlled(t)
	c.ask(200, "POST /amis", `{"name": "flatcar", "regions": ["eu-west-1"]}`)
	c.ask(200, "POST /objects/gs-public-capi-vm-images/a", "x")
	c.ask(200, "POST /machines", `{"folder": "/dc/vm/templates", "name": "flatcar"}`)
	c.ask(200, "POST /faults", `{"cloud": "aws", "location": "eu-west-1", "fault": "reset"}`)
	c.ask(200, "POST /latency", `{"latency": "1h"}`)
	c.ask(200, "POST /clear", "")
	c.expect("GET /amis", `{}`)
	c.expect("GET /objects", `{}`)
	c.expect("GET /machines", `[]`)
	c.expect("GET /requests", `{"aws":[],"azure":[],"cloud-director":[],"s3":[],"vsphere":[]}`)
	c.expectImages("eu-west-1", "")
	c.ask(200, "POST /amis", `{"name": "flatcar", "regions": ["eu-west-1"]}`)
	if got := c.ask(200, "GET /amis", ""); !strings.Contains(got, `"puts":1}`) {
		t.Errorf("got %s", got)
	}
}

func TestControlRefuses(t *testing.T) {
	t.Parallel()
	c := newControlled(t)
	c.ask(200, "GET /ready", "")
	c.ask(404, "GET /nothing", "")
	c.ask(405, "DELETE /amis", "")
	for _, tc := range []struct{ request, body, want string }{
		{"POST /amis", `{"nmae": "x"}`, "unknown field"},
		{"POST /amis", ``, "reading the request: EOF"},
		{"POST /amis", `{"name": "a*", "regions": [""]}`, `name is \"a*\": want 3 to 128 characters that EC2 takes\nregions are [\"\"]`},
		{"POST /faults", `{"cloud": "gcp", "fault": "tired", "from": -1}`, `cloud is \"gcp\", which is not in the box\nfault is \"tired\", but there are [\"forbidden\"`},
		{"POST /faults", `{"cloud": "aws", "from": -1}`, `from is -1, but the next request is 1`},
		{"POST /latency", `{"latency": "-1s"}`, `latency is \"-1s\": want a duration such as 200ms`},
	} {
		if got := c.ask(400, tc.request, tc.body); !strings.Contains(got, tc.want) {
			t.Errorf("%s %s: got %s, want %s", tc.request, tc.body, got, tc.want)
		}
	}
}
