package name

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limit is what a place where names are used demands of them.
type Limit struct {
	What     string // what carries the name there, as its documentation calls it
	Min, Max int    // length in characters, or in bytes
	Bytes    bool   // the length is counted in bytes
	Source   string // where that is documented

	punctuation string // what it may have beside ASCII letters and digits; empty: anything
	plainEnds   bool   // it must begin and end with a letter or digit
}

// The limits. Each is checked before anything is called, because the places themselves tell only when a build has run.
var (
	// limitLabel holds for every image: pipelines label their runs with it, and Cluster API machines carry it.
	limitLabel = Limit{
		What: "Kubernetes label value", Min: 1, Max: 63,
		Source:      "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set",
		punctuation: "-_.", plainEnds: true,
	}
	limitAMI = Limit{
		What: "AMI name", Min: 3, Max: 128,
		Source:      "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html",
		punctuation: "()[] ./-'@_",
	}
	limitDefinition = Limit{
		What: "Azure image definition", Min: 1, Max: 80,
		Source:      "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftcompute",
		punctuation: "-_.", plainEnds: true,
	}
	// limitManagedImage is the 80 characters of a managed image less the dash and ten-digit timestamp that the template adds.
	limitManagedImage = Limit{
		What: "image_name of image-builder's Azure template", Min: 1, Max: 69,
		Source: "kubernetes-sigs/image-builder images/capi/packer/azure/packer.json, managed_image_name",
	}
	limitVM = Limit{
		What: "vSphere virtual machine name", Min: 1, Max: 80,
		Source: "https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/vim.ManagedEntity.html",
	}
	limitKey = Limit{
		What: "S3 object key", Min: 1, Max: 1024, Bytes: true,
		Source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html",
	}
	limitFile = Limit{
		What: "file name", Min: 1, Max: 255, Bytes: true,
		Source: "https://man7.org/linux/man-pages/man0/limits.h.0p.html, NAME_MAX on Linux",
	}
)

// LabelLimit is what every image's name has to keep to.
func LabelLimit() Limit { return limitLabel }

// LimitsOf says what a provider of the given type (design word: "aws", "azure", …) demands of the name that its consumers look
// up. A type without documented limits has none.
func LimitsOf(providerType string) []Limit {
	switch providerType {
	case "aws":
		return []Limit{limitAMI}
	case "azure":
		return []Limit{limitDefinition, limitManagedImage}
	case "vsphere":
		return []Limit{limitVM}
	case "s3":
		return []Limit{limitKey}
	case "directory":
		return []Limit{limitFile}
	}
	return nil
}

// Check returns an error that names the limit and its source if s is not within it.
func (l Limit) Check(s string) error {
	length, unit := utf8.RuneCountInString(s), "characters"
	if l.Bytes {
		length, unit = len(s), "bytes"
	}
	if length < l.Min || length > l.Max {
		return fmt.Errorf("%q has %d %s, but a %s has %d to %d (%s)", s, length, unit, l.What, l.Min, l.Max, l.Source)
	}
	if l.punctuation != "" && strings.ContainsFunc(s, l.forbids) {
		return fmt.Errorf("%q has a character that a %s may not have: letters, digits and %s are allowed (%s)",
			s, l.What, l.punctuation, l.Source)
	}
	if l.plainEnds && (notAlphanumeric(rune(s[0])) || notAlphanumeric(rune(s[len(s)-1]))) {
		return fmt.Errorf("%q does not begin and end with a letter or digit, as a %s must (%s)", s, l.What, l.Source)
	}
	return nil
}

func (l Limit) forbids(r rune) bool {
	return notAlphanumeric(r) && !strings.ContainsRune(l.punctuation, r)
}
