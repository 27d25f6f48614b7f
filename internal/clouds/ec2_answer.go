package clouds

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// ec2Error is an error as EC2 answers it.
type ec2Error struct {
	status        int
	code, message string
}

func (e ec2Error) Error() string { return e.code + ": " + e.message }

// ec2ClientError is an error for which the caller is to blame: status 400.
func ec2ClientError(code, format string, args ...any) ec2Error {
	return ec2Error{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

// The codes are those of https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
var (
	errEC2Auth = ec2Error{
		http.StatusUnauthorized, "AuthFailure",
		"AWS was not able to validate the provided access credentials",
	}
	errEC2MissingToken  = ec2Error{http.StatusForbidden, "MissingAuthenticationToken", "The request must contain valid credentials."}
	errEC2Expired       = ec2Error{http.StatusBadRequest, "RequestExpired", "Request has expired."}
	errEC2Malformed     = ec2Error{http.StatusBadRequest, "MalformedQueryString", "The query string contains a syntax error."}
	errEC2MissingAction = ec2Error{http.StatusBadRequest, "MissingAction", "The request must contain the parameter Action"}
	errEC2NextToken     = ec2Error{http.StatusBadRequest, "InvalidParameterValue", "The NextToken is invalid."}
	errEC2DryRun        = ec2Error{
		http.StatusPreconditionFailed, "DryRunOperation",
		"Request would have succeeded, but DryRun flag is set.",
	}
)

// ec2Faults are the answers to the faults that EC2 has words for. Throttling has status 503, not 429
// (https://github.com/aws/karpenter-provider-aws/issues/7891), and AuthFailure 401
// (https://github.com/aws/aws-sdk-java/issues/2508).
var ec2Faults = map[Fault]ec2Error{
	Forbidden:       {http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation."},
	Unauthenticated: errEC2Auth,
	Throttled:       {http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded."},
	ServerError:     {http.StatusInternalServerError, "InternalError", "An internal error has occurred"},
	Unavailable:     {http.StatusServiceUnavailable, "Unavailable", "The server is overloaded and can't handle the request"},
}

func (e *EC2) refuse(w http.ResponseWriter, f Fault) { e.fail(w, ec2Faults[f]) }

// answer is the right answer, be it a refusal.
func (e *EC2) answer(w http.ResponseWriter, r *http.Request) {
	page, next, err := e.describe(r)
	if err != nil {
		refused, ok := errors.AsType[ec2Error](err)
		if !ok {
			refused = ec2Faults[ServerError]
		}
		e.fail(w, refused)
		return
	}
	id := e.requestID()
	body := ec2ImagesResponse{RequestID: id, NextToken: next}
	for _, i := range page {
		body.Images.Items = append(body.Images.Items, newEC2ImageItem(i.AMI))
	}
	writeEC2(w, http.StatusOK, id, body)
}

func (e *EC2) fail(w http.ResponseWriter, err ec2Error) {
	id := e.requestID()
	writeEC2(w, err.status, id, ec2ErrorResponse{Code: err.code, Message: err.message, RequestID: id})
}

func (e *EC2) requestID() string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", e.answers.Add(1))
}

// writeEC2 sends an answer with the headers that EC2 sends: https://github.com/aws/aws-sdk/issues/97
func writeEC2(w http.ResponseWriter, status int, id string, body any) {
	text, err := xml.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("clouds: encoding %T: %v", body, err)) // the types below can all be encoded
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.Header().Set("Server", "AmazonEC2")
	w.Header().Set("X-Amzn-Requestid", id)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header+string(text)) // a client that is gone needs no more
}

type ec2ErrorResponse struct {
	XMLName   xml.Name `xml:"Response"`
	Code      string   `xml:"Errors>Error>Code"`
	Message   string   `xml:"Errors>Error>Message"`
	RequestID string   `xml:"RequestID"`
}

type ec2ImagesResponse struct {
	XMLName   xml.Name    `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DescribeImagesResponse"`
	RequestID string      `xml:"requestId"`
	Images    ec2ImageSet `xml:"imagesSet"`
	NextToken string      `xml:"nextToken,omitempty"`
}

type ec2ImageSet struct {
	Items []ec2ImageItem `xml:"item"`
}

// ec2ImageItem is https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html as far as AMI goes.
type ec2ImageItem struct {
	ImageID            string          `xml:"imageId"`
	ImageLocation      string          `xml:"imageLocation"`
	ImageState         string          `xml:"imageState"`
	ImageOwnerID       string          `xml:"imageOwnerId"`
	ImageOwnerAlias    string          `xml:"imageOwnerAlias,omitempty"`
	CreationDate       string          `xml:"creationDate"`
	DeprecationTime    string          `xml:"deprecationTime,omitempty"`
	IsPublic           bool            `xml:"isPublic"`
	Architecture       string          `xml:"architecture"`
	ImageType          string          `xml:"imageType"`
	Name               string          `xml:"name"`
	RootDeviceType     string          `xml:"rootDeviceType"`
	VirtualizationType string          `xml:"virtualizationType"`
	Hypervisor         string          `xml:"hypervisor"`
	StateReason        *ec2StateReason `xml:"stateReason"`
}

type ec2StateReason struct {
	Code    string `xml:"code,omitempty"`
	Message string `xml:"message"`
}

func newEC2ImageItem(a AMI) ec2ImageItem {
	item := ec2ImageItem{
		ImageID: a.ID, ImageLocation: a.Owner + "/" + a.Name, ImageState: a.State,
		ImageOwnerID: a.Owner, ImageOwnerAlias: a.OwnerAlias, CreationDate: ec2Time(a.Created),
		IsPublic: a.Public, Architecture: a.Architecture, ImageType: "machine", Name: a.Name,
		RootDeviceType: a.RootDevice, VirtualizationType: a.Virtualization, Hypervisor: "xen",
	}
	if !a.Deprecated.IsZero() {
		item.DeprecationTime = ec2Time(a.Deprecated)
	}
	if a.StateReason != "" {
		item.StateReason = &ec2StateReason{Code: ec2ReasonCode(a.StateReason), Message: a.StateReason}
	}
	return item
}
