package name

import (
	"regexp"
	"strings"
	"sync"
)

// legacy is one scheme of the past: how to recognise it and what to tell whoever meets it.
type legacy struct {
	form    Form
	pattern *regexp.Regexp // groups are named after the fields of Name
	note    string
	needs   string // what must also stand in it, since Go's patterns can't look around
}

// legacyForms lists the schemes that Giant Swarm's cluster charts had before they agreed on the present one
// (giantswarm/cluster-aws, cluster-azure, cluster-vsphere and cluster-cloud-director, helm templates and changelogs, 2022-08 to
// 2024-11). No two match the same string. They are compiled when a string is first met that is no current name: most runs
// never meet one.
var legacyForms = sync.OnceValue(func() []legacy {
	const version = `\d+\.\d+\.\d+`
	re := regexp.MustCompile
	return []legacy{
		{
			form:    FormKubeV,
			pattern: re(`^flatcar-(?P<channel>stable)-(?P<flatcar>` + version + `)-kube-v(?P<kubernetes>` + version + `)(?:-(?P<suffix>gs))?$`),
			note: "was used by cluster-aws 1.x, cluster-azure before 1.0, cluster-vsphere before 0.65.1 and cluster-cloud-director before " +
				"0.63.0; it does not say which tooling made the image",
		},
		{
			form:    FormKubeVVariant,
			pattern: re(`^flatcar-(?P<channel>stable)-(?P<flatcar>` + version + `)-kube-v(?P<kubernetes>` + version + `)-alpha\.\d+$`),
			note: "was used by cluster-aws 1.x with the Release component flatcar-variant, whose major version stands at the end; the " +
				"tooling version took its place",
		},
		{
			form:    FormKubeVTooling,
			pattern: re(`^flatcar-(?P<channel>stable)-(?P<flatcar>` + version + `)-kube-v(?P<kubernetes>` + version + `)-tooling-v?(?P<tooling>` + version + `)-(?P<suffix>gs)$`),
			note:    "has a v that capi-image-builder dropped before the scheme was released; no chart looks for it",
		},
		{
			form:    FormAWSFlatcar,
			pattern: re(`^capa-ami-flatcar-(?P<channel>stable)-v(?P<kubernetes>` + version + `)-(?P<suffix>gs)$`),
			note:    "was used by cluster-aws from 0.34.0; it says neither the Flatcar nor the tooling version",
		},
		{
			form:    FormAWSVariant,
			pattern: re(`^capa-ami-flatcar-(?P<channel>stable)-v(?P<kubernetes>` + version + `)-\d+-(?P<suffix>gs)$`),
			note:    "was used by cluster-aws from 0.65.0; the number is the variant of the image, it says neither the Flatcar nor the tooling version",
		},
		{
			form:    FormAzureGen2,
			pattern: re(`^capi-flatcar-(?P<channel>stable)-(?P<kubernetes>` + version + `)-gen2(?:-(?P<suffix>gs))?$`),
			note:    "was used by cluster-azure before 0.17.0; the Flatcar version is the version of the gallery image, the tooling is not said",
		},
		{
			form:    FormAWSUbuntu,
			pattern: re(`^capa-ami-ubuntu(?:-2[02]\.04)?-(?P<kubernetes>` + version + `)-00-(?P<suffix>gs)$`),
			note:    "was used by cluster-aws in 2022, for Ubuntu",
		},
		{
			form:    FormIncomplete,
			pattern: re(`^flatcar-(?P<channel>stable|beta|alpha|lts)-(?:N/A|` + version + `)-kube-(?:N/A|` + version + `)-tooling-(?:N/A|` + version + `)-(?P<suffix>.+)$`),
			note:    "was composed from a Release that lacks a component: the chart wrote N/A in its place; the Release needs flatcar, kubernetes and os-tooling",
			needs:   "N/A",
		},
	}
})

func (l legacy) parse(s string) (Parsed, bool) {
	m := l.pattern.FindStringSubmatch(s)
	if m == nil || !strings.Contains(s, l.needs) {
		return Parsed{}, false
	}
	group := func(name string) string {
		if i := l.pattern.SubexpIndex(name); i >= 0 {
			return m[i]
		}
		return ""
	}
	n := Name{
		Channel: group("channel"), Flatcar: group("flatcar"), Kubernetes: group("kubernetes"),
		Tooling: group("tooling"), Suffix: group("suffix"),
	}
	return Parsed{Form: l.form, Name: n, Note: l.note, original: s}, true
}
