package name

import "strings"

// Form says which naming scheme a string follows.
type Form string

// The forms. All but FormCurrent and FormForeign are legacy: recognised and reported, never made and never a match.
const (
	FormCurrent      Form = "current"
	FormForeign      Form = "not ours"
	FormAWSUbuntu    Form = "legacy aws ubuntu"          // capa-ami-ubuntu-20.04-1.23.9-00-gs
	FormAWSFlatcar   Form = "legacy aws flatcar"         // capa-ami-flatcar-stable-v1.24.14-gs, without a Flatcar version
	FormAWSVariant   Form = "legacy aws flatcar variant" // capa-ami-flatcar-stable-v1.25.16-2-gs
	FormAzureGen2    Form = "legacy azure gen2"          // capi-flatcar-stable-1.24.11-gen2[-gs]
	FormKubeV        Form = "legacy kube-v"              // flatcar-stable-3815.2.2-kube-v1.27.14[-gs]
	FormKubeVVariant Form = "legacy kube-v variant"      // flatcar-stable-3815.2.2-kube-v1.27.14-alpha.1
	FormKubeVTooling Form = "legacy kube-v tooling"      // flatcar-stable-3815.2.5-kube-v1.29.7-tooling-1.15.0-gs
	FormIncomplete   Form = "incomplete"                 // flatcar-stable-3815.2.5-kube-1.29.7-tooling-N/A-gs
)

// Parsed is what a string says as the name of an image. Its String gives back the bytes that were parsed.
type Parsed struct {
	Form Form
	// Name holds what the form tells, in FormCurrent all of it. Legacy forms leave unknown parts empty.
	Name Name
	// Note says in a sentence what a legacy form is and why it does not count.
	Note string

	original string // what was parsed; Name alone can't compose the forms that aren't made any more
}

// Parse takes any string apart. It never fails: what follows no known scheme has [FormForeign].
func Parse(s string) Parsed {
	if n, ok := parseCurrent(s); ok {
		return Parsed{Form: FormCurrent, Name: n}
	}
	for _, l := range legacyForms() {
		if p, ok := l.parse(s); ok {
			return p
		}
	}
	return Parsed{Form: FormForeign, original: s, Note: "follows no naming scheme that node images have had"}
}

// Current reports whether the string is a name that this package would compose.
func (p Parsed) Current() bool { return p.Form == FormCurrent }

// Legacy reports whether the string follows a scheme of the past.
func (p Parsed) Legacy() bool { return p.Form != FormCurrent && p.Form != FormForeign }

// String composes the name again, in the form it was parsed from.
func (p Parsed) String() string {
	if p.Current() {
		return p.Name.String()
	}
	return p.original
}

func parseCurrent(s string) (Name, bool) {
	var n Name
	rest, ok := strings.CutPrefix(s, OS+"-")
	if !ok {
		return n, false
	}
	n.Channel, rest, _ = strings.Cut(rest, "-")
	n.Flatcar, rest, _ = strings.Cut(rest, "-kube-")
	n.Kubernetes, rest, ok = strings.Cut(rest, "-tooling-")
	if !ok {
		return n, false
	}
	n.Tooling, n.Arch, n.Suffix = splitTail(rest)
	// The parts are checked by the rules that composing has, so that whatever parses also composes, to the same bytes.
	valid := oneOf(n.Channel, Channels()) == "" &&
		versionProblem(n.Flatcar, Options{}) == "" &&
		versionProblem(n.Kubernetes, Options{AllowPrerelease: true}) == "" &&
		toolingProblem(n.Tooling, Options{AllowPrerelease: true}) == "" &&
		suffixProblem(n.Suffix) == ""
	return n, valid
}

// splitTail takes apart what follows "-tooling-": version, pre-release if there is one, architecture if it is arm64, suffix.
func splitTail(tail string) (tooling, arch, suffix string) {
	tooling, suffix, _ = strings.Cut(tail, "-")
	if pre, after, found := strings.Cut(suffix, "-"); found && isPrerelease(pre) {
		tooling, suffix = tooling+"-"+pre, after
	}
	if after, found := strings.CutPrefix(suffix, ARM64+"-"); found {
		return tooling, ARM64, after
	}
	return tooling, AMD64, suffix
}
