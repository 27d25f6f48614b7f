package clouds

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ec2Filter is one filter of DescribeImages with its values.
type ec2Filter struct {
	attribute func(AMI) string
	values    []ec2Pattern
}

// matches reports whether one of the values fits. Without values an image only has to have the attribute:
// https://github.com/aws/aws-cli/issues/1735
func (f ec2Filter) matches(a AMI) bool {
	v := f.attribute(a)
	if v == "" || len(f.values) == 0 {
		return v != ""
	}
	return slices.ContainsFunc(f.values, func(p ec2Pattern) bool { return p.matches(v) })
}

// ec2ImageFilter returns the attribute that a filter looks at; "" is an attribute that the image lacks. ok is false if
// DescribeImages has no such filter.
func ec2ImageFilter(name string) (attribute func(AMI) string, ok bool) {
	if attribute, ok = ec2ImageFilters[name]; ok {
		return attribute, true
	}
	return ec2Unset, strings.HasPrefix(name, "tag:") || slices.Contains(ec2OtherImageFilters, name)
}

func ec2Unset(AMI) string { return "" }

// ec2ImageFilters are the filters on what an AMI of this package has.
var ec2ImageFilters = map[string]func(AMI) string{
	"architecture":         func(a AMI) string { return a.Architecture },
	"creation-date":        func(a AMI) string { return ec2Time(a.Created) },
	"hypervisor":           func(AMI) string { return "xen" },
	"image-id":             func(a AMI) string { return a.ID },
	"image-type":           func(AMI) string { return "machine" },
	"is-public":            func(a AMI) string { return strconv.FormatBool(a.Public) },
	"name":                 func(a AMI) string { return a.Name },
	"owner-alias":          func(a AMI) string { return a.OwnerAlias },
	"owner-id":             func(a AMI) string { return a.Owner },
	"root-device-type":     func(a AMI) string { return a.RootDevice },
	"state":                func(a AMI) string { return a.State },
	"state-reason-code":    func(a AMI) string { return ec2ReasonCode(a.StateReason) },
	"state-reason-message": func(a AMI) string { return a.StateReason },
	"virtualization-type":  func(a AMI) string { return a.Virtualization },
}

// ec2OtherImageFilters are valid too, but look at what no AMI of this package has. The two lists together are those of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
var ec2OtherImageFilters = []string{
	"block-device-mapping.delete-on-termination", "block-device-mapping.device-name",
	"block-device-mapping.encrypted", "block-device-mapping.snapshot-id", "block-device-mapping.volume-size",
	"block-device-mapping.volume-type", "boot-mode", "description", "ena-support", "free-tier-eligible",
	"image-allowed", "image-watermark.source-image-creation-time", "image-watermark.source-image-id",
	"image-watermark.source-image-region", "image-watermark.watermark-creation-time",
	"image-watermark.watermark-key", "instance-type-specification.supported-instance-type",
	"instance-type-specification.unsupported-instance-type", "kernel-id", "manifest-location", "platform",
	"product-code", "product-code.type", "public-ssm-parameter-name", "ramdisk-id", "root-device-name",
	"scan-result.critical-fix-available-since", "scan-result.finding-scan-date",
	"scan-result.high-fix-available-since", "scan-result.highest-finding-severity-label",
	"scan-result.informational-fix-available-since", "scan-result.low-fix-available-since",
	"scan-result.medium-fix-available-since", "source-image-id", "source-image-region", "source-instance-id",
	"sriov-net-support", "tag-key",
}

// ec2ReasonCode is what stands before the colon: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html
func ec2ReasonCode(reason string) string {
	code, _, found := strings.Cut(reason, ": ")
	if !found {
		return ""
	}
	return code
}

// ec2Time writes a time as EC2 does: 2024-07-02T13:35:34.000Z.
func ec2Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// ec2Pattern is a filter value: literal, unless it has wildcards.
type ec2Pattern struct {
	literal string
	wild    *regexp.Regexp
}

// newEC2Pattern reads a filter value: * stands for any characters or none, ? for one or none, and a backslash takes the
// meaning from the character after it. See https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
// (older texts let ? stand for exactly one character).
func newEC2Pattern(value string) ec2Pattern {
	var literal, expr strings.Builder
	wild, escaped := false, false
	for _, c := range value {
		switch {
		case c == '\\' && !escaped:
			escaped = true
			continue
		case (c == '*' || c == '?') && !escaped:
			wild = true
			expr.WriteString(map[rune]string{'*': ".*", '?': ".?"}[c])
			continue
		}
		escaped = false
		literal.WriteRune(c)
		expr.WriteString(regexp.QuoteMeta(string(c)))
	}
	if escaped { // by nothing: a backslash at the end stands for itself
		literal.WriteByte('\\')
		expr.WriteString(`\\`)
	}
	if !wild {
		return ec2Pattern{literal: literal.String()}
	}
	return ec2Pattern{wild: regexp.MustCompile(`(?s)\A` + expr.String() + `\z`)}
}

func (p ec2Pattern) matches(v string) bool {
	if p.wild != nil {
		return p.wild.MatchString(v)
	}
	return p.literal == v
}
