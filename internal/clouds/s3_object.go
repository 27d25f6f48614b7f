package clouds

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
)

// s3MaxUpload is the most that is kept of an upload. S3 itself takes 5 GB
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html).
const s3MaxUpload = 256 << 20

// etag is the MD5 sum, as S3 makes it of what was uploaded in one part
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html).
func (o S3Object) etag() string { return fmt.Sprintf(`"%x"`, md5.Sum(o.Body)) }

// archived tells whether an object has to be restored before it can be read. Nothing here restores one.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
func (o S3Object) archived() bool {
	return slices.Contains([]string{"GLACIER", "DEEP_ARCHIVE"}, o.StorageClass)
}

// object answers what is about one object.
func (s *S3) object(w http.ResponseWriter, r *http.Request, bucket, key string, b s3Bucket, c s3Caller) error {
	for param := range r.URL.Query() { // acl, tagging, uploads, versionId, …
		if param != "x-id" {
			return errS3NotImplemented
		}
	}
	switch r.Method {
	case http.MethodHead, http.MethodGet:
		return s.read(w, r, key, b, c)
	case http.MethodPut:
		return s.write(w, r, bucket, key, c)
	case http.MethodDelete:
		if !c.mayWrite() {
			return errS3Denied
		}
		s.RemoveObject(bucket, key)
		w.WriteHeader(http.StatusNoContent) // whether or not there was one
		return nil
	}
	return errS3NotImplemented
}

// read answers HeadObject and GetObject. Who may not list is not told that an object is missing:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
func (s *S3) read(w http.ResponseWriter, r *http.Request, key string, b s3Bucket, c s3Caller) error {
	o, found := b.objects[key]
	switch {
	case !c.mayRead() || !found && !c.mayList():
		return errS3Denied
	case !found:
		return errS3NoKey
	case o.archived() && r.Method == http.MethodGet:
		return errS3Archived
	}
	w.Header().Set("ETag", o.etag())
	w.Header().Set("Content-Type", "binary/octet-stream")
	if o.StorageClass != "STANDARD" { // https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
		w.Header().Set("X-Amz-Storage-Class", o.StorageClass)
	}
	http.ServeContent(w, r, "", o.Modified, bytes.NewReader(o.Body))
	return nil
}

// write answers PutObject. Checksums are not verified.
func (s *S3) write(w http.ResponseWriter, r *http.Request, bucket, key string, c s3Caller) error {
	switch {
	case !c.mayWrite():
		return errS3Denied
	case r.Header.Get("X-Amz-Copy-Source") != "":
		return errS3NotImplemented
	}
	body, err := io.ReadAll(io.LimitReader(s3Body(r), s3MaxUpload+1))
	switch {
	case err != nil:
		return errS3Incomplete
	case len(body) > s3MaxUpload:
		return errS3TooLarge
	}
	o := S3Object{Body: body, StorageClass: r.Header.Get("X-Amz-Storage-Class")}
	s.PutObject(bucket, key, o)
	w.Header().Set("ETag", o.etag())
	w.WriteHeader(http.StatusOK)
	return nil
}

// s3Body is what is uploaded. Signed in chunks, it looks like HTTP's own chunks, with the signature as an extension:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
func s3Body(r *http.Request) io.Reader {
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return httputil.NewChunkedReader(r.Body)
	}
	return r.Body
}
