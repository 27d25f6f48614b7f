package s3_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/provider/s3"
)

// seventySeven are images of eleven Kubernetes minors with seven patches each.
func seventySeven(t *testing.T) []inventory.Image {
	t.Helper()
	var all []inventory.Image
	for minor := 25; minor < 36; minor++ {
		for patch := range 7 {
			all = append(all, image(t, fmt.Sprintf("1.%d.%d", minor, patch)))
		}
	}
	return all
}

// years fills the bucket with what has gathered beside the wanted images.
func years(cloud *clouds.S3, flatcars int) {
	for f := range flatcars {
		for k := range 50 {
			name := fmt.Sprintf("flatcar-stable-%d.0.0-kube-1.%d.0-tooling-1.1.0-gs", 3000+f, k)
			put(cloud, objects{"capv/" + name + "/image.ova": "ova", "capv/" + name + "/image.ova.sha256sums": "sums"})
		}
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	all := seventySeven(t)
	for name, c := range map[string]struct {
		bucket   clouds.S3Bucket
		flatcars int // 100 objects each
		images   []inventory.Image
		missing  int             // of the images, the first ones
		without  inventory.State // of these
		want     int64
	}{
		"one image, new bucket":            {clouds.S3Bucket{}, 0, all[:1], 0, "", 1},
		"one image, 10,000 others":         {clouds.S3Bucket{}, 100, all[:1], 0, "", 1},
		"none of one, 10,000 others":       {clouds.S3Bucket{}, 100, all[:1], 1, inventory.Absent, 1},
		"77 images, new bucket":            {clouds.S3Bucket{}, 0, all, 0, "", 1},
		"77 images, 10,000 others":         {clouds.S3Bucket{}, 100, all, 0, "", 1},
		"none of 77, 10,000 others":        {clouds.S3Bucket{}, 100, all, 77, inventory.Absent, 1},
		"one image, not to be listed":      {clouds.S3Bucket{NoList: true}, 0, all[:1], 0, "", 1 + 2},
		"none of one, not to be listed":    {clouds.S3Bucket{NoList: true}, 0, all[:1], 1, inventory.Unknown, 1 + 1},
		"77 images, not to be listed":      {clouds.S3Bucket{NoList: true}, 0, all, 0, "", 1 + 77 + 77},
		"20 of 77 there, not to be listed": {clouds.S3Bucket{NoList: true}, 0, all, 57, inventory.Unknown, 1 + 77 + 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, server := serve(t, c.bucket)
			years(cloud, c.flatcars)
			for _, i := range c.images[c.missing:] {
				ova := "capv/" + i.Lookup + "/" + i.Name.FileStem() + ".ova"
				put(cloud, objects{ova: "ova", ova + ".sha256sums": "sums"})
			}
			r := look(t, settings(), at(server.URL), c.images...)
			expect(t, r, c.without, c.images[:c.missing]...)
			expect(t, r, inventory.Present, c.images[c.missing:]...)
			if got := int64(len(cloud.Requests())); r.Calls != c.want || got != c.want {
				t.Errorf("%d requests were counted and %d received, want %d", r.Calls, got, c.want)
			}
		})
	}
}

// TestScattered wants images that years of others lie between: pages without a wanted key are skipped.
func TestScattered(t *testing.T) {
	t.Parallel()
	cloud, server := serve(t, clouds.S3Bucket{})
	years(cloud, 100)
	first, last, missing := image(t, "1.25.0"), image(t, "1.25.1"), image(t, "1.25.2")
	first.Lookup = "flatcar-stable-3001.0.0-kube-1.30.0-tooling-1.1.0-gs"
	missing.Lookup = "flatcar-stable-3050.0.0-kube-1.99.0-tooling-1.1.0-gs"
	last.Lookup = "flatcar-stable-3099.0.0-kube-1.9.0-tooling-1.1.0-gs"
	s := settings()
	s.Key = "capv/{name}/image.ova"
	r := look(t, s, at(server.URL), last, first, missing)
	expect(t, r, inventory.Present, first, last)
	expect(t, r, inventory.Absent, missing)
	if r.Calls != 3 { // of 10 pages
		t.Errorf("got %d requests, want 3", r.Calls)
	}
}

// TestGroups shows what is listed: what the keys below one directory have in common.
func TestGroups(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key, marker string
		want        []string
	}{
		"one directory": {key, marker, []string{"capv/flatcar-stable-3815.2.5-kube-1."}},
		"two directories": {key, "done/{name}", []string{
			"capv/flatcar-stable-3815.2.5-kube-1.", "done/flatcar-stable-3815.2.5-kube-1.",
		}},
		"no directory":    {"{name}.ova", "", []string{"flatcar-stable-3815.2.5-kube-1."}},
		"nothing shared":  {"{kubernetes}/{name}", "", []string{"1.29.7/" + imageName, "1.30.4/flatcar-stable-3815.2.5-kube-1.30.4-tooling-1.15.0-gs"}},
		"one inner level": {"x/{kubernetes}/{name}", "", []string{"x/1."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, server := serve(t, clouds.S3Bucket{})
			s := settings()
			s.Key, s.Marker = c.key, c.marker
			look(t, s, at(server.URL), image(t, "1.30.4"), image(t, "1.29.7"))
			var got []string
			for _, r := range cloud.Requests() {
				got = append(got, r.Params.Get("prefix"))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOneGroupFails looks for objects and markers in directories of which one is forbidden.
func TestOneGroupFails(t *testing.T) {
	t.Parallel()
	cloud, _ := serve(t, clouds.S3Bucket{})
	put(cloud, objects{ova: "ova", "done/" + imageName: "done"})
	server := clouds.Start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("prefix") >= "done/" {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		cloud.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s := settings()
	s.Marker = "done/{name}"
	there, missing := image(t, "1.29.7"), image(t, "1.29.8")
	r := look(t, s, at(server.URL), there, missing)
	expect(t, r, inventory.Unknown, there)  // for its marker
	expect(t, r, inventory.Absent, missing) // whatever its marker
	want := "listing the bucket " + bucket + ": InternalServerError (HTTP 500)"
	if got := fmt.Sprint(r.Err); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestAnonymous reads public buckets without a signature.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bucket  clouds.S3Bucket
		present inventory.State
		missing inventory.State
	}{
		"may list":      {clouds.S3Bucket{PublicRead: true, PublicList: true}, inventory.Present, inventory.Absent},
		"may only list": {clouds.S3Bucket{PublicList: true}, inventory.Present, inventory.Absent},
		"may only read": {clouds.S3Bucket{PublicRead: true}, inventory.Present, inventory.Unknown},
		"not public":    {clouds.S3Bucket{}, inventory.Unknown, inventory.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, server := serve(t, c.bucket)
			put(cloud, objects{ova: "ova", ovaMarker: "sums"})
			s := settings()
			s.Anonymous = true
			present, missing := image(t, "1.29.7"), image(t, "1.29.8")
			r := look(t, s, at(server.URL), present, missing)
			expect(t, r, c.present, present)
			expect(t, r, c.missing, missing)
		})
	}
}

// TestVirtualHost finds the bucket in the name of the host, as AWS wants it.
func TestVirtualHost(t *testing.T) {
	t.Parallel()
	cloud := clouds.NewS3(clouds.S3Config{Domain: "s3.example"})
	cloud.AddBucket(bucket, clouds.S3Bucket{Region: region})
	put(cloud, objects{ova: "ova", ovaMarker: "sums"})
	server := clouds.Start(cloud)
	t.Cleanup(server.Close)
	client := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if want := bucket + ".s3.example:80"; address != want {
				t.Errorf("dialled %s, want %s", address, want)
			}
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		}
	})
	s := settings()
	s.PathStyle = false
	wanted := image(t, "1.29.7")
	r := look(t, s, at("http://s3.example", config.WithHTTPClient(client)), wanted)
	expect(t, r, inventory.Present, wanted)
	if r.Calls != 1 {
		t.Errorf("%d requests were counted, want 1", r.Calls)
	}
}

// TestEnvironment leaves all to the variables of the SDK. It sets them, so it can't run beside others.
func TestEnvironment(t *testing.T) {
	cloud := clouds.NewS3(clouds.S3Config{AccessKeys: []string{accessKey}})
	cloud.AddBucket(bucket, clouds.S3Bucket{Region: region})
	put(cloud, objects{ova: "ova", ovaMarker: "sums"})
	server := clouds.StartTLS(cloud)
	t.Cleanup(server.Close)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, certificate(server.Certificate()), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_CA_BUNDLE": bundle, "AWS_REGION": region,
		"AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_MAX_ATTEMPTS": "2",
	} {
		t.Setenv(name, value)
	}
	s := settings()
	s.Region = ""
	wanted := image(t, "1.29.7")
	expect(t, look(t, s, s3.Options{}, wanted), inventory.Present, wanted)
	cloud.Fail(bucket, clouds.Reset)
	if r := look(t, s, s3.Options{MaxBackoff: 1}, wanted); r.Calls != 2 {
		t.Errorf("got %d attempts, want the 2 of AWS_MAX_ATTEMPTS", r.Calls)
	}
}

func certificate(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
