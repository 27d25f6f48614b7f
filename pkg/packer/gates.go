package packer

import (
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// gate is something that image-builder could not do before a release.
type gate struct {
	upstream string // section of upstream.txt; "": every one
	since    string
	needed   func(*work) bool // nil: by every build
	without  string           // what an older release does; {name}, {flatcar} and the like are replaced
}

// gates are what a build needs of the release of image-builder, beyond the make target: what the templates of upstream's tags
// differ in from v0.1.0 to v0.1.55 (images/capi/packer; what a template does with a variable shows when Packer renders it).
var gates = []gate{
	{
		upstream: "ami", since: "v0.1.28",
		without: "ignores image_name: the AMI would be called capa-ami-… with a timestamp, and nobody would find {name}",
	},
	{
		upstream: "ami", since: "v0.1.32", needed: (*work).filtersByEnvironment,
		without: "does not look for FLATCAR_VERSION in source AMIs: the channel's newest Flatcar would be built under the name of {flatcar}",
	},
	{
		upstream: "ami", since: "v0.1.51", needed: (*work).needsBigVolume,
		without: "makes a root volume of 8 GB, and Flatcar {flatcar} needs " + flatcarVolume + ": set volume_size to \"" + flatcarVolume + "\"",
	},
	{
		upstream: "azure", since: "v0.1.30",
		without: "ignores SIG_IMAGE_DEFINITION: the build would fail at its end, when Packer publishes to a definition {name} that was not made",
	},
	{
		upstream: "qemu", since: "v0.1.14",
		without: "ignores vm_name and artifact_name: the disk would not be called {name}",
	},
	{
		upstream: "raw", since: "v0.1.14",
		without: "ignores vm_name: the disk would not be called {name}",
	},
	{
		since: "v0.1.13", needed: (*work).hasTools,
		without: "ignores node_custom_roles_post: the image would lack the tools that the image set lists",
	},
}

// Flatcar from flatcarGrew on does not fit into the 8 GB that upstream gave an AMI's root volume before v0.1.51
// (packer/ami/packer.json, volume_size; raised in packer/ami/flatcar.json); flatcarVolume is what it needs, in GB.
const (
	flatcarGrew   = "4593.2.0"
	flatcarVolume = "15"
)

// checkRelease reads the release of image-builder.
func (w *work) checkRelease() {
	path, text := "builders."+w.build.Builder+".imageBuilder", w.build.ImageBuilder
	if text == "" {
		w.warn(path, "is not given: whether that release of image-builder can make this image was not checked")
		return
	}
	release, err := semver.StrictNewVersion(strings.TrimPrefix(text, "v"))
	if err != nil {
		w.fail(path, "is %q, but must be a release such as %s", text, upstreamRelease)
		return
	}
	w.release = release
	switch newest := version(upstreamRelease); {
	case release.GreaterThan(newest):
		w.warn(path, "is %s, but what upstream reads is known up to %s: variables may have been renamed since", text, upstreamRelease)
	case release.LessThan(newest):
		w.warnUnrecorded()
	}
}

// warnUnrecorded names the image set's variables of which only the newest release is known.
func (w *work) warnUnrecorded() {
	var keys []string
	for key := range sorted(w.build.Variables) {
		if since, known := w.known[key]; known && since == "" {
			keys = append(keys, key)
		}
	}
	if len(keys) > 0 {
		w.warn("builders."+w.build.Builder+".variables", "has %s, known to be read by %s; whether %s reads them is not recorded",
			strings.Join(keys, ", "), upstreamRelease, w.build.ImageBuilder)
	}
}

// checkSince refuses a variable that the release does not read yet.
func (w *work) checkSince(key string) {
	if since := w.known[key]; since != "" && w.before(since) {
		w.fail(w.variablePath(key), "is not read by image-builder %s; %s is the first that does", w.build.ImageBuilder, since)
	}
}

// checkGates refuses a build that the release can't make.
func (w *work) checkGates() {
	path := "builders." + w.build.Builder + ".imageBuilder"
	if w.before(w.builder.since) {
		w.fail(path, "is %s, which has no make target %s; %s is the first that has it", w.build.ImageBuilder, w.build.Target,
			w.builder.since)
		return
	}
	for _, g := range gates {
		if (g.upstream == "" || g.upstream == w.builder.upstream) && w.before(g.since) && (g.needed == nil || g.needed(w)) {
			w.fail(path, "is %s, which %s; %s is the first that does better", w.build.ImageBuilder, expand(g.without, w.fields), g.since)
		}
	}
	w.checkVolume()
}

// checkVolume refuses a volume that the image set makes too small itself.
func (w *work) checkVolume() {
	text, given := w.build.Variables["volume_size"]
	if !given || w.builder.upstream != "ami" || !w.flatcarIsBig() {
		return
	}
	need, _ := strconv.Atoi(flatcarVolume)
	if size, err := strconv.Atoi(text); err != nil || size < need {
		w.fail(w.variablePath("volume_size"), "is %q, but Flatcar %s needs %s (GB)", text, w.build.Flatcar, flatcarVolume)
	}
}

func (w *work) hasTools() bool { return len(w.build.Tools) > 0 }

// filtersByEnvironment reports whether it is left to upstream's own filter which Flatcar is built.
func (w *work) filtersByEnvironment() bool {
	return !strings.Contains(w.variables["ami_filter_name"], w.build.Flatcar) && w.variables["source_ami"] == ""
}

func (w *work) needsBigVolume() bool {
	_, given := w.build.Variables["volume_size"]
	return !given && w.flatcarIsBig()
}

func (w *work) flatcarIsBig() bool {
	flatcar, err := semver.StrictNewVersion(w.build.Flatcar)
	return err == nil && !flatcar.LessThan(version(flatcarGrew))
}

// before reports whether the release is known, and older than another.
func (w *work) before(since string) bool {
	return w.release != nil && w.release.LessThan(version(since))
}

// version reads a version that stands in this package.
func version(s string) *semver.Version { return semver.MustParse(s) }
