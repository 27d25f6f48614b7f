package clouds

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// describe answers DescribeImages: one page of images and the token of the next. Its errors are EC2's.
func (e *EC2) describe(r *http.Request) (page []ec2Image, next string, err error) {
	if r.Form == nil {
		return nil, "", errEC2Malformed
	}
	account, region, err := e.authenticate(r)
	if err != nil {
		return nil, "", err
	}
	switch action := r.Form.Get("Action"); action {
	case "DescribeImages":
	case "":
		return nil, "", errEC2MissingAction
	default:
		return nil, "", ec2ClientError("InvalidAction", "The action %s is not valid for this web service.", action)
	}
	q, err := parseEC2Query(account, region, r.Form)
	if err != nil {
		return nil, "", err
	}
	if q.dryRun {
		return nil, "", errEC2DryRun
	}
	images := e.region(region)
	if err := q.checkExist(images); err != nil {
		return nil, "", err
	}
	images = slices.DeleteFunc(images, func(i ec2Image) bool { return !q.selects(i.AMI) })
	return e.page(q, images)
}

// checkExist refuses IDs of images that are not there. An image that the caller may not see is there, but not in the
// answer: https://github.com/agentsea/surfkit/issues/88
func (q *ec2Query) checkExist(images []ec2Image) error {
	var missing []string
	for _, id := range q.ids {
		if !slices.ContainsFunc(images, func(i ec2Image) bool { return i.ID == id }) {
			missing = append(missing, id)
		}
	}
	switch len(missing) {
	case 0:
		return nil
	case 1:
		return ec2ClientError("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", missing[0])
	default:
		return ec2ClientError("InvalidAMIID.NotFound", "The image ids '[%s]' do not exist", strings.Join(missing, ", "))
	}
}

// selects reports whether an image belongs to the answer.
func (q *ec2Query) selects(a AMI) bool {
	return q.sees(a) && q.owned(a) && q.executable(a) &&
		(len(q.ids) == 0 || slices.Contains(q.ids, a.ID)) &&
		!slices.ContainsFunc(q.filters, func(f ec2Filter) bool { return !f.matches(a) })
}

// sees reports whether the caller is shown an image. Owners always see what is deprecated, others if they ask for it
// or know the ID: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html
// What is disabled is private, and seen only on demand: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/disable-an-ami.html
func (q *ec2Query) sees(a AMI) bool {
	own := a.Owner == q.account
	if a.State == "disabled" {
		return own && q.disabled
	}
	if own {
		return true
	}
	deprecated := !a.Deprecated.IsZero() && !a.Deprecated.After(q.now)
	return a.Public && (!deprecated || q.deprecated || len(q.ids) > 0)
}

// owned reports whether one of the Owner values, if any, is the image's owner: an account, an alias or self.
func (q *ec2Query) owned(a AMI) bool {
	return len(q.owners) == 0 || slices.ContainsFunc(q.owners, func(o string) bool {
		return o == a.Owner || o == "self" && a.Owner == q.account || o != "" && o == a.OwnerAlias
	})
}

// executable reports whether one of the ExecutableBy values, if any, has the launch permission. No image of this
// package has permissions for single accounts, so all finds what is public, and an account finds nothing.
func (q *ec2Query) executable(a AMI) bool {
	return len(q.executors) == 0 || slices.Contains(q.executors, "all") && a.Public
}

// ec2Cursor is what a NextToken stands for.
type ec2Cursor struct {
	after  int  // the last image of the pages before
	filled bool // the empty page before the next page was sent
}

// page cuts one page out of the images of the answer. Requests by ID are answered in one.
func (e *EC2) page(q ec2Query, images []ec2Image) (page []ec2Image, next string, err error) {
	c, err := q.cursor()
	if err != nil || len(q.ids) > 0 {
		return images, "", err
	}
	if e.config.EmptyPages && !c.filled {
		return nil, q.nextToken(ec2Cursor{after: c.after, filled: true}), nil
	}
	images = slices.DeleteFunc(images, func(i ec2Image) bool { return i.seq <= c.after })
	limit := len(images)
	for _, n := range []int{q.maxResults, e.config.PageLimit} {
		limit = min(limit, cmp.Or(n, limit))
	}
	if limit == len(images) {
		return images, "", nil
	}
	return images[:limit], q.nextToken(ec2Cursor{after: images[limit-1].seq}), nil
}

// nextToken seals a cursor with the query, so that it continues no other.
func (q *ec2Query) nextToken(c ec2Cursor) string {
	plain := fmt.Sprintf("%d %t", c.after, c.filled)
	seal := sha256.Sum256([]byte(plain + " " + q.identity))
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s %x", plain, seal))
}

// cursor opens the token of the query. An invalid one is refused with the code of
// https://github.com/aws/karpenter-provider-aws/issues/6061
func (q *ec2Query) cursor() (ec2Cursor, error) {
	if q.token == "" {
		return ec2Cursor{}, nil
	}
	var c ec2Cursor
	var seal string
	plain, err := base64.StdEncoding.DecodeString(q.token)
	if err != nil {
		return ec2Cursor{}, errEC2NextToken
	}
	if _, err := fmt.Sscanf(string(plain), "%d %t %s", &c.after, &c.filled, &seal); err != nil || q.nextToken(c) != q.token {
		return ec2Cursor{}, errEC2NextToken
	}
	return c, nil
}
