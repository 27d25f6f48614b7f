package name

import (
	"strings"
	"unicode"

	"github.com/Masterminds/semver/v3"
)

// The sentences that refuse a part of a name. They continue one that begins with the field and the value.
const (
	problemEmpty      = "is empty"
	problemNA         = `stands for a component that the Release does not have: there is no image for it`
	problemTemplate   = `contains "{{", which Packer and Helm would expand`
	problemPath       = "contains a path separator"
	problemControl    = "contains a control character"
	problemSpace      = "contains white space"
	problemMetadata   = "has build metadata (+…), which no provider's names can carry"
	problemExact      = "is not an exact MAJOR.MINOR.PATCH version"
	problemPrerelease = "is a pre-release; only releases make images (--allow-prerelease to try one)"
	problemReadable   = "has a pre-release that could not be read back from a name: use one like rc.1, alpha.2 or g839375a"
	problemSuffix     = "may only have letters, digits and single dashes between them"
	problemReserved   = "begins like an architecture or a pre-release and could not be read back from a name"
)

// textProblem refuses what is never right in any part of a name.
func textProblem(s string) string {
	switch {
	case s == "":
		return problemEmpty
	case s == "N/A":
		return problemNA
	case strings.Contains(s, "{{"):
		return problemTemplate
	case strings.ContainsAny(s, `/\`):
		return problemPath
	case strings.ContainsFunc(s, unicode.IsControl):
		return problemControl
	case strings.ContainsFunc(s, unicode.IsSpace):
		return problemSpace
	}
	return ""
}

// versionProblem wants MAJOR.MINOR.PATCH without v, leading zeros or build metadata.
func versionProblem(s string, opts Options) string {
	if p := textProblem(s); p != "" {
		return p
	}
	v, err := semver.StrictNewVersion(s)
	switch {
	case err != nil:
		return problemExact
	case v.Metadata() != "":
		return problemMetadata
	case v.Prerelease() != "" && !opts.AllowPrerelease:
		return problemPrerelease
	}
	return ""
}

// toolingProblem also wants a pre-release that [Parse] can tell from a suffix: the two stand side by side in a name.
func toolingProblem(s string, opts Options) string {
	if p := versionProblem(s, opts); p != "" {
		return p
	}
	if _, pre, found := strings.Cut(s, "-"); found && !isPrerelease(pre) {
		return problemReadable
	}
	return ""
}

func suffixProblem(s string) string {
	if p := textProblem(s); p != "" {
		return p
	}
	first, _, _ := strings.Cut(s, "-")
	switch {
	case !isSuffix(s):
		return problemSuffix
	case first == ARM64 || first == AMD64 || isPrerelease(first):
		return problemReserved
	}
	return ""
}

// isSuffix wants letters and digits in parts joined by single dashes, the characters that every consumer's own parser accepts.
func isSuffix(s string) bool {
	for part := range strings.SplitSeq(s, "-") {
		if part == "" || strings.ContainsFunc(part, notAlphanumeric) {
			return false
		}
	}
	return true
}

func notAlphanumeric(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// isPrerelease reports whether one dash-free part of a name is a pre-release of the tooling and not the start of a suffix: it
// has a dot, is the abbreviated commit of git describe (g839375a), or is alpha, beta, rc, dev or pre with or without a number.
func isPrerelease(s string) bool {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r != '.' && notAlphanumeric(r) }) {
		return false
	}
	return strings.Contains(s, ".") || isCommit(s) || isStage(s)
}

func isCommit(s string) bool {
	hash, found := strings.CutPrefix(s, "g")
	return found && len(hash) >= 7 && len(hash) <= 40 &&
		!strings.ContainsFunc(hash, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}

func isStage(s string) bool {
	for _, stage := range []string{"alpha", "beta", "rc", "dev", "pre"} {
		if number, found := strings.CutPrefix(s, stage); found {
			return !strings.ContainsFunc(number, func(r rune) bool { return r < '0' || r > '9' })
		}
	}
	return false
}
