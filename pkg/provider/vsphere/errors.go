package vsphere

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// errNotVCenter is what a proxy or a captive portal gets for its page.
var errNotVCenter = errors.New("the answer is incomplete or not one of a vCenter")

// statusError is an answer that is a refusal, by its HTTP status.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("HTTP %d", int(s)) }

// tidy keeps of an error what is the same every time and can't hold a secret: the type of the fault, the status, or the cause.
func tidy(err error) error {
	var (
		vim    types.BaseMethodFault
		status statusError
		syntax *xml.SyntaxError
		other  xml.UnmarshalError
		text   *json.SyntaxError
		kind   *json.UnmarshalTypeError
	)
	if _, ok := fault.As(err, &vim); ok {
		return errors.New(faultName(vim))
	}
	switch {
	case soap.IsSoapFault(err):
		return errors.New("a fault of an unknown kind")
	case errors.As(err, &status):
		return status
	case errors.Is(err, errNotVCenter), errors.As(err, &syntax), errors.As(err, &other), errors.As(err, &text), errors.As(err, &kind):
		return errNotVCenter
	}
	return errors.New(inventory.Cause(err))
}

// faultName is the fault's type as vSphere calls it, such as NoPermission.
func faultName(f types.BaseMethodFault) string {
	t := reflect.TypeOf(f)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}
