package s3_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// TestSecretsStayHidden has a server that says all it was sent in every place of its answer.
func TestSecretsStayHidden(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 301, 400, 403, 404, 500} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			server := scripted(t, func(w http.ResponseWriter, r *http.Request) {
				echo := r.Header.Get("Authorization") + " " + secretKey + " " + r.Header.Get("X-Amz-Date")
				w.Header().Set("X-Amz-Request-Id", echo)
				w.Header().Set("X-Amz-Id-2", echo)
				w.Header().Set("X-Amz-Bucket-Region", echo)
				w.WriteHeader(status)
				_, _ = fmt.Fprintf(w, "<Error><Code>%[1]s</Code><Message>%[1]s</Message><Name>%[1]s</Name></Error>", echo)
			})
			wanted := image(t, "1.29.7")
			r := look(t, settings(), at(server.URL), wanted)
			text := fmt.Sprint(finding(t, r, wanted), r.Err)
			for _, secret := range []string{accessKey, secretKey, "AWS4-HMAC", "Signature", "20"} {
				if strings.Contains(strings.ReplaceAll(text, "HTTP 200", ""), secret) {
					t.Errorf("%q shows in %s", secret, text)
				}
			}
		})
	}
}

// TestSameErrorTwice holds errors to being the same in every run, ports and request IDs included.
func TestSameErrorTwice(t *testing.T) {
	t.Parallel()
	for _, fault := range clouds.Faults() {
		if fault == clouds.Slow {
			continue
		}
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			var texts [2]string
			for i := range texts {
				cloud, server := serve(t, clouds.S3Bucket{})
				cloud.Fail(bucket, fault)
				wanted := image(t, "1.29.7")
				r := look(t, settings(), at(server.URL), wanted)
				texts[i] = fmt.Sprint(finding(t, r, wanted), r.Err)
			}
			if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestRegions asks the cloud for a bucket that is elsewhere, and for one that is nowhere.
func TestRegions(t *testing.T) {
	t.Parallel()
	const where = "listing the bucket " + bucket + ": the bucket is in eu-central-1, not in "
	for name, c := range map[string]struct{ bucket, region, want string }{
		"regional endpoint": {bucket, "eu-west-1", where + "eu-west-1: PermanentRedirect (HTTP 301)"},
		"global endpoint":   {bucket, "us-east-1", where + "us-east-1: AuthorizationHeaderMalformed (HTTP 400)"},
		"no bucket":         {"gone", region, "listing the bucket gone: the bucket does not exist: NoSuchBucket (HTTP 404)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, server := serve(t, clouds.S3Bucket{})
			s := settings()
			s.Bucket, s.Region = c.bucket, c.region
			wanted := image(t, "1.29.7")
			expectNote(t, look(t, s, at(server.URL), wanted), wanted, inventory.Unknown, c.want)
		})
	}
}

// TestNoServer asks where nothing listens.
func TestNoServer(t *testing.T) {
	t.Parallel()
	_, server := serve(t, clouds.S3Bucket{})
	server.Close()
	wanted := image(t, "1.29.7")
	r := look(t, settings(), at(server.URL), wanted)
	expectNote(t, r, wanted, inventory.Unknown, "listing the bucket "+bucket+": connection refused")
}

// TestNoCredentials asks nothing of the bucket where there are none.
func TestNoCredentials(t *testing.T) {
	t.Parallel()
	cloud, server := serve(t, clouds.S3Bucket{PublicRead: true, PublicList: true})
	none := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("request id 4711: " + secretKey)
	})
	wanted := image(t, "1.29.7")
	r := look(t, settings(), at(server.URL, config.WithCredentialsProvider(none)), wanted)
	expectNote(t, r, wanted, inventory.Unknown, "getting AWS credentials: there are none that can be used")
	if got := cloud.Requests(); len(got) > 0 {
		t.Errorf("the bucket was asked: %v", got)
	}
}

// TestThrottledHeads throttles one of the requests for single objects.
func TestThrottledHeads(t *testing.T) {
	t.Parallel()
	cloud, server := serve(t, clouds.S3Bucket{NoList: true})
	put(cloud, objects{ova: "ova", ovaMarker: "sums"})
	cloud.FailFrom(bucket, 2, clouds.ThrottledOnce)
	wanted := image(t, "1.29.7")
	r := look(t, settings(), at(server.URL), wanted)
	expect(t, r, inventory.Present, wanted)
	if r.Calls != 4 {
		t.Errorf("got %d requests, want 4", r.Calls)
	}
}
