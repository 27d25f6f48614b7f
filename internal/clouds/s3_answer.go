package clouds

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// s3Error is an error as S3 answers it.
type s3Error struct {
	status        int
	code, message string
}

func (e s3Error) Error() string { return e.code + ": " + e.message }

// The codes are those of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
var (
	errS3Denied         = s3Error{http.StatusForbidden, "AccessDenied", "Access Denied"}
	errS3AccessKey      = s3Error{http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."}
	errS3Skewed         = s3Error{http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."}
	errS3Authorization  = s3Error{http.StatusBadRequest, "AuthorizationHeaderMalformed", "The authorization header is malformed."}
	errS3NoBucket       = s3Error{http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist"}
	errS3NoKey          = s3Error{http.StatusNotFound, "NoSuchKey", "The specified key does not exist."}
	errS3Region         = s3Error{http.StatusMovedPermanently, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint."}
	errS3Archived       = s3Error{http.StatusForbidden, "InvalidObjectState", "The operation is not valid for the object's storage class"}
	errS3NotImplemented = s3Error{http.StatusNotImplemented, "NotImplemented", "A header or query you provided implies functionality that is not implemented."}
	errS3Token          = s3Error{http.StatusBadRequest, "InvalidArgument", "The continuation token provided is incorrect"}
	errS3Encoding       = s3Error{http.StatusBadRequest, "InvalidArgument", "Invalid Encoding Method specified in Request"}
	errS3MaxKeys        = s3Error{http.StatusBadRequest, "InvalidArgument", "Provided max-keys not an integer or within integer range"}
	errS3TooLarge       = s3Error{http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"}
	errS3Incomplete     = s3Error{http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header."}
)

// s3Faults are the answers to the faults that S3 has words for. It throttles with 503, not 429
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html).
var s3Faults = map[Fault]s3Error{
	Forbidden:       errS3Denied,
	Unauthenticated: errS3AccessKey,
	Throttled:       {http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate."},
	ServerError:     {http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again."},
	Unavailable:     {http.StatusServiceUnavailable, "ServiceUnavailable", "Service is unable to handle request."},
}

func (s *S3) refuse(w http.ResponseWriter, f Fault) { s.fail(w, s3Faults[f]) }

// answer is the right answer, be it a refusal.
func (s *S3) answer(w http.ResponseWriter, r *http.Request) {
	s.head(w)
	if err := s.perform(w, r); err != nil {
		refused, ok := errors.AsType[s3Error](err)
		if !ok {
			refused = s3Faults[ServerError]
		}
		s.fail(w, refused)
	}
}

// perform does what is asked, or returns why not; then nothing has been written yet.
func (s *S3) perform(w http.ResponseWriter, r *http.Request) error {
	name, key := s.resource(r)
	b, found := s.bucket(name)
	signed, region, err := s.authenticate(r.Header)
	switch {
	case err != nil:
		return err
	case name == "": // ListBuckets
		return errS3NotImplemented
	case !found:
		return errS3NoBucket
	}
	w.Header().Set("X-Amz-Bucket-Region", b.Region)
	if signed && region != b.Region {
		return wrongS3Region(region, b.Region)
	}
	c := s3Caller{signed: signed, bucket: b.S3Bucket}
	if key == "" {
		return s.list(w, r, name, b, c)
	}
	return s.object(w, r, name, key, b, c)
}

// wrongS3Region is how S3 refuses what is signed for another region than the bucket's. A regional endpoint redirects;
// us-east-1 is where the global endpoint is, which passes the request on to the bucket's region, where the signature is
// not valid (https://github.com/aws/aws-sdk-java/issues/1151).
func wrongS3Region(signed, actual string) error {
	if signed != "us-east-1" {
		return errS3Region
	}
	e := errS3Authorization
	e.message = fmt.Sprintf("The authorization header is malformed; the region '%s' is wrong; expecting '%s'", signed, actual)
	return e
}

// s3Caller is what the sender of a request may do with a bucket.
type s3Caller struct {
	signed bool
	bucket S3Bucket
}

func (c s3Caller) mayList() bool {
	if c.signed {
		return !c.bucket.NoList
	}
	return c.bucket.PublicList
}

func (c s3Caller) mayRead() bool  { return c.signed || c.bucket.PublicRead }
func (c s3Caller) mayWrite() bool { return c.signed }

// authenticate tells whether a request is signed, and for which region. Presigned URLs are not understood.
func (s *S3) authenticate(h http.Header) (signed bool, region string, err error) {
	if h.Get("Authorization") == "" {
		return false, "", nil
	}
	sig, ok := parseSigV4(h)
	switch {
	case !ok || sig.service != "s3":
		return false, "", errS3Authorization
	case len(s.config.AccessKeys) > 0 && !slices.Contains(s.config.AccessKeys, sig.accessKey):
		return false, "", errS3AccessKey
	case time.Since(sig.signed).Abs() > sigV4Age:
		return false, "", errS3Skewed
	}
	return true, sig.region, nil
}

// head sets the headers of every answer
// (https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html).
func (s *S3) head(w http.ResponseWriter) {
	w.Header().Set("Server", "AmazonS3")
	w.Header().Set("X-Amz-Request-Id", fmt.Sprintf("%016X", s.answers.Add(1)))
	w.Header().Set("X-Amz-Id-2", "c2VydmVkIGJ5IGEgY2xvdWQgaW4gYSBib3g=")
}

// fail answers with an error. net/http leaves its body out of answers to HEAD, as S3 does.
func (s *S3) fail(w http.ResponseWriter, err s3Error) {
	if w.Header().Get("X-Amz-Request-Id") == "" {
		s.head(w)
	}
	h := w.Header()
	writeS3(w, err.status, s3ErrorResponse{
		Code: err.code, Message: err.message,
		RequestID: h.Get("X-Amz-Request-Id"), HostID: h.Get("X-Amz-Id-2"),
	})
}

type s3ErrorResponse struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string   `xml:"Code"`
	Message   string   `xml:"Message"`
	RequestID string   `xml:"RequestId"`
	HostID    string   `xml:"HostId"`
}

func writeS3(w http.ResponseWriter, status int, body any) {
	text, err := xml.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("clouds: encoding %T: %v", body, err)) // the types of this package can all be encoded
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header+string(text)) // a client that is gone needs no more
}
