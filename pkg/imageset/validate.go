package imageset

import (
	"fmt"
	"maps"
	"net/url"
	pathpkg "path"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// validate reports what the schema can't say: what refers to something else, and what two fields say together.
func (d *decoder) validate(set *ImageSet) {
	for name, b := range sorted(set.Builders) {
		d.builder(join("builders", name), name, b)
	}
	for name, p := range sorted(set.Providers) {
		d.provider(join("providers", name), name, p, set.Builders)
	}
	for i, x := range set.Exclude {
		d.exclusion(fmt.Sprintf("exclude[%d]", i), x, set.Providers)
	}
	for i, t := range set.Tools {
		d.tool(fmt.Sprintf("tools[%d]", i), t, set.Providers)
	}
}

// sorted walks a map by its keys, so that problems come in the same order every time.
func sorted[V any](m map[string]V) func(yield func(string, V) bool) {
	return func(yield func(string, V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// at reports a problem at a path of the file, or, where the path was left out, at the nearest one above it.
func (d *decoder) at(path, format string, args ...any) {
	line := 0
	for p := path; ; {
		if l, ok := d.lines[p]; ok {
			line = l
			break
		}
		i := strings.LastIndexAny(p, ".[")
		if i < 0 {
			break
		}
		p = p[:i]
	}
	d.problems = append(d.problems, Problem{File: d.file, Line: line, Path: path, Text: fmt.Sprintf(format, args...)})
}

// What names may look like. Builders' and providers' names end up in the keys of builds, in labels and in file names.
const (
	labelPattern = `^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	rolePattern  = `^[A-Za-z][A-Za-z0-9_.-]*$`
	envPattern   = `^[A-Za-z_][A-Za-z0-9_]*$`
)

func (d *decoder) looksLike(path, text, pattern string) {
	if !regexp.MustCompile(pattern).MatchString(text) {
		d.at(path, "is %q, but must look like %s", text, pattern)
	}
}

func (d *decoder) builder(path, name string, b Builder) {
	if !regexp.MustCompile(labelPattern).MatchString(name) {
		d.at(path, "must have a name that looks like %s", labelPattern)
	}
	for key := range sorted(b.Variables) {
		d.noCredential(join(path, "variables."+key), key, b.Variables[key])
	}
	for key := range sorted(b.Environment) {
		d.looksLike(join(path, "environment."+key), key, envPattern)
		d.noCredential(join(path, "environment."+key), key, b.Environment[key])
	}
}

// noCredential refuses what is named like a secret or looks like one. What is in an image set ends up in plans, which people read.
func (d *decoder) noCredential(path, key, value string) {
	switch {
	case NamesCredential(key):
		d.at(path, "is named like a credential, and credentials never stand in an image set: give it to the build step as a secret")
	case HoldsCredential(value):
		d.at(path, "has an address with a user in it, and credentials never stand in an image set: give it to the build step as a secret")
	}
}

// NamesCredential reports whether a variable is named like a credential. The name of a file with credentials is none.
func NamesCredential(variable string) bool {
	upper := strings.ToUpper(variable)
	if strings.HasSuffix(upper, "_FILE") || strings.HasSuffix(upper, "_PATH") {
		return false
	}
	for _, word := range []string{"PASSWORD", "PASSWD", "SECRET", "ACCESS_KEY", "PRIVATE_KEY", "API_KEY", "CREDENTIAL"} {
		if strings.Contains(upper, word) {
			return true
		}
	}
	return strings.HasSuffix(upper, "TOKEN") || strings.HasSuffix(upper, "_PASS")
}

// HoldsCredential reports whether a value is an address with a user or password in it.
func HoldsCredential(value string) bool {
	u, err := url.Parse(value)
	return err == nil && u.User != nil && u.Host != ""
}

func (d *decoder) provider(path, name string, p Provider, builders map[string]Builder) {
	if !regexp.MustCompile(labelPattern).MatchString(name) {
		d.at(path, "must have a name that looks like %s", labelPattern)
	}
	if _, ok := builders[p.Builder]; !ok {
		d.at(join(path, "builder"), "is %q, but the builders are %s", p.Builder, keys(builders))
	}
	switch types := p.types(); len(types) {
	case 1:
		d.settings(path, p)
	case 0:
		d.at(path, "has no type: one of aws, azure, s3, vsphere, cloudDirector or directory must say where to look")
	default:
		d.at(path, "has %d types, but must have one: %s", len(types), strings.Join(types, ", "))
	}
}

func (d *decoder) settings(path string, p Provider) {
	switch {
	case p.AWS != nil:
		d.regions(join(path, "aws.regions"), p.AWS.Regions)
	case p.Azure != nil:
		d.azure(join(path, "azure"), p.Azure)
	case p.S3 != nil:
		d.template(join(path, "s3.key"), p.S3.Key, "")
		d.marker(join(path, "s3.marker"), p.S3.Marker, p.S3.Key, "key")
	case p.VSphere != nil:
		d.vsphere(join(path, "vsphere"), p.VSphere)
	case p.CloudDirector != nil:
		d.url(join(path, "cloudDirector.url"), p.CloudDirector.URL)
	case p.Directory != nil:
		d.template(join(path, "directory.file"), p.Directory.File, "")
		d.marker(join(path, "directory.marker"), p.Directory.Marker, p.Directory.File, "file")
		d.below(join(path, "directory.file"), p.Directory.File)
	}
}

func (d *decoder) regions(path string, regions []string) {
	seen := make(map[string]bool)
	for i, r := range regions {
		at := fmt.Sprintf("%s[%d]", path, i)
		folded := strings.ToLower(strings.ReplaceAll(r, " ", ""))
		switch {
		case r == "":
			d.at(at, "is empty")
		case seen[folded]:
			d.at(at, "is %q, which is in the list already", r)
		}
		seen[folded] = true
	}
}

func (d *decoder) azure(path string, a *Azure) {
	d.regions(join(path, "regions"), a.Regions)
	if a.CommunityGallery != "" {
		if a.Gallery != "" || a.ResourceGroup != "" {
			d.at(join(path, "communityGallery"), "can't stand beside gallery or resourceGroup: a provider looks at one gallery")
		}
		return
	}
	for field, value := range sorted(map[string]string{"resourceGroup": a.ResourceGroup, "gallery": a.Gallery}) {
		if value == "" {
			d.at(join(path, field), "is missing; a private gallery needs resourceGroup and gallery, a community gallery communityGallery")
		}
	}
}

func (d *decoder) vsphere(path string, v *VSphere) {
	if v.URL != "" && len(v.URLs) > 0 {
		d.at(join(path, "url"), "can't stand beside urls")
	}
	if (v.Folder == "") == (v.Library == "") {
		d.at(path, "must have either folder or library, to say where the templates are")
	}
	d.url(join(path, "url"), v.URL)
	for i, u := range v.URLs {
		d.url(fmt.Sprintf("%s[%d]", join(path, "urls"), i), u)
	}
	if v.TemplateSuffix != "" {
		d.looksLike(join(path, "templateSuffix"), v.TemplateSuffix, `^[A-Za-z0-9-]+$`)
	}
}

// url checks an address, if there is one.
func (d *decoder) url(path, address string) {
	if address == "" {
		return
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		d.at(path, "is not an address like https://host.example/path")
	case u.User != nil:
		d.at(path, "has a user or password in it; credentials never stand in an image set")
	}
}

func (d *decoder) template(path, template, base string) {
	if template == "" {
		return
	}
	if problem := templateProblem(template, base); problem != "" {
		d.at(path, "%s", problem)
	}
}

// marker checks the template of a marker. One that is the image itself would let half an image pass for a whole one.
func (d *decoder) marker(path, marker, template, base string) {
	d.template(path, marker, base)
	if marker != "" && strings.ReplaceAll(marker, "{"+base+"}", template) == template {
		d.at(path, "is the image itself; a marker is another object, written last")
	}
}

// below refuses a file that leads out of its directory.
func (d *decoder) below(path, file string) {
	if clean := pathpkg.Clean(file); pathpkg.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") {
		d.at(path, "is %q, but must lead to a file below the directory", file)
	}
}

func (d *decoder) exclusion(path string, x Exclusion, providers map[string]Provider) {
	if len(x.Providers) == 0 && x.Flatcar == "" && x.Kubernetes == "" && x.Tooling == "" {
		d.at(path, "has no condition and would exclude every image")
	}
	if x.Reason == "" {
		d.at(join(path, "reason"), "is empty")
	}
	d.known(join(path, "providers"), x.Providers, providers)
	ranges := map[string]string{"flatcar": x.Flatcar, "kubernetes": x.Kubernetes, "tooling": x.Tooling}
	for field, constraint := range sorted(ranges) {
		if constraint == "" {
			continue
		}
		if _, err := semver.NewConstraint(constraint); err != nil {
			d.at(join(path, field), "is %q, but must be a version range such as <1.25 or >=1.28 <1.31", constraint)
		}
	}
}

func (d *decoder) tool(path string, t Tool, providers map[string]Provider) {
	d.looksLike(join(path, "name"), t.Name, rolePattern)
	if t.Role != "" {
		d.looksLike(join(path, "role"), t.Role, rolePattern)
	}
	if _, err := semver.StrictNewVersion(t.Version); err != nil {
		d.at(join(path, "version"), "is %q, but must be an exact version such as 16.5.12", t.Version)
	}
	d.known(join(path, "providers"), t.Providers, providers)
}

func (d *decoder) known(path string, names []string, providers map[string]Provider) {
	for i, name := range names {
		if _, ok := providers[name]; !ok {
			d.at(fmt.Sprintf("%s[%d]", path, i), "is %q, but the providers are %s", name, keys(providers))
		}
	}
}

func keys[V any](m map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}
