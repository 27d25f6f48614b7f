package bump_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/bump"
)

// lines are the changes in short.
func lines(r bump.Result) []string {
	var out []string
	for _, c := range r.Changes {
		out = append(out, c.Level.String()+" "+c.String()+" "+strings.Join(c.Where, ", "))
	}
	return out
}

// What the table doesn't show: several changes at once, and near misses of rules.
func TestCompare(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		before, edits []edit
		want          []string
	}{
		"nothing": {},
		"the weightiest comes first": {
			edits: append(in("16.5.12", "17.0.0"), edit{setFile, "0.4.2", "0.4.3"}),
			want: []string{
				"major tools.teleport 16.5.12 → 17.0.0 (tool-major) nodes.yaml",
				"minor tools.probe 0.4.2 → 0.4.3 (tool-unstable-patch) nodes.yaml (capa)",
			},
		},
		"builders and the Dockerfile are one line": {
			before: in("target: build-ami-flatcar\n", "target: build-ami-flatcar\n    imageBuilder: v0.1.49\n"),
			edits:  append(in("v0.1.49", "v0.1.54"), edit{dockerfile, "v0.1.54", "v0.1.55"}),
			want: []string{
				"major containerd 1.7.29 → 2.3.2 (containerd-major) nodes.yaml (capa)",
				"minor image-builder v0.1.49 → v0.1.54 (upstream-release) nodes.yaml (capa)",
				"minor image-builder v0.1.54 → v0.1.55 (upstream-release) Dockerfile, nodes.yaml (capv, capz)",
			},
		},
		"a builder's own containerd beats upstream's": {
			before: append(in("target: build-azure-sig-flatcar", "target: build-azure-sig-flatcar, variables: {containerd_version: 1.7.29}"),
				edit{setFile, "aws_region:", "containerd_version: 1.7.29, aws_region:"},
				edit{setFile, "build-raw-flatcar", "build-raw-flatcar, variables: {containerd_version: 1.7.29}"}, edit{dockerfile, "v0.1.54", "v0.1.49"}),
			edits: []edit{{dockerfile, "v0.1.49", "v0.1.50"}},
			want:  []string{"minor image-builder v0.1.49 → v0.1.50 (upstream-release) Dockerfile, nodes.yaml"},
		},
		"a renamed builder with another target": {
			edits: append(in("  spare: {target: build-raw-flatcar}", "  ova: {target: build-node-ova-vsphere-flatcar}"), edit{setFile, "builder: spare", "builder: ova"}),
			want: []string{
				"major builders.ova.target build-raw-flatcar → build-node-ova-vsphere-flatcar (target-changed) nodes.yaml (capv)",
				"none providers.capv.builder spare → ova (provider-moved) nodes.yaml (capv)",
			},
		},
		"all providers by name are all providers": {edits: in("16.5.12}", "16.5.12, providers: [capa, capz, capv]}")},
		"the defaults of names may be left out":   {edits: in("name: {os: flatcar, channel: stable, suffix: gs}\n", "")},
		"arm64 is in the name": {
			edits: in("regions: [eu-west-1]", "regions: [eu-west-1], architecture: arm64"),
			want:  []string{"major providers.capa.architecture amd64 → arm64 (name-changed) nodes.yaml (capa)"},
		},
		"a renamed file": {edits: []edit{{"images/all.yaml", "", set}, {file: setFile}}},
		"a variable for Ansible": {
			before: in("pause_image:", "ansible_user_vars: a_version=1.2.3 b=1, pause_image:"),
			edits:  in("a_version=1.2.3 b=1", "b=2 a_version=2.0.0 api_token=x"),
			want: []string{
				"major builders.ami.variables.ansible_user_vars.a_version 1.2.3 → 2.0.0 (tool-major) nodes.yaml (capa)",
				"major builders.ami.variables.ansible_user_vars.b 1 → 2 (variable-changed) nodes.yaml (capa)",
				"minor builders.ami.variables.ansible_user_vars api_token=(hidden) added (list-added) nodes.yaml (capa)",
			},
		},
		"another order of variables for Ansible, one of them a secret": {
			before: in("pause_image:", "ansible_user_vars: a=1 api_token=x, pause_image:"),
			edits:  in("a=1 api_token=x", "api_token=x a=1"),
			want: []string{
				"minor builders.ami.variables.ansible_user_vars a=1 api_token=(hidden) → api_token=(hidden) a=1 (list-order) nodes.yaml (capa)",
			},
		},
		"what is not a text, what is hidden, what is empty": {
			before: []edit{{defaultsFile, "teleport_retries: 3", "archs: {x86_64: amd64}\njoin_token: a\nroot: \"\""}},
			edits:  []edit{{defaultsFile, "amd64", "arm64"}, {defaultsFile, "join_token: a", "join_token: b"}, {defaultsFile, "root: \"\"", "root: /x"}},
			want: []string{
				`major roles.teleport.defaults.archs {"x86_64":"amd64"} → {"x86_64":"arm64"} (default-changed) roles/teleport`,
				`major roles.teleport.defaults.join_token (hidden) → (hidden) (default-changed) roles/teleport`,
				`major roles.teleport.defaults.root "" → /x (default-changed) roles/teleport`,
			},
		},
		"a comment in a file that is copied to nodes": {
			edits: []edit{{"images/capi-image-builder/roles/teleport/files/motd", "", "# hello\n"}, {tasksFile, "/opt/bin", "/opt"}},
			want:  []string{"minor roles.teleport (role-content) roles/teleport/files/motd, roles/teleport/tasks/main.yml"},
		},
		"to a pre-release of the next major": {
			edits: in("16.5.12", "17.0.0-rc.1"),
			want:  []string{"major tools.teleport 16.5.12 → 17.0.0-rc.1 (tool-major) nodes.yaml"},
		},
		"from a pre-release back to the release before": {
			before: in("16.5.12", "16.6.0-rc.1"), edits: in("16.6.0-rc.1", "16.5.12"),
			want: []string{"major tools.teleport 16.6.0-rc.1 → 16.5.12 (tool-downgrade) nodes.yaml"},
		},
		"below 0.1 every step breaks": {
			before: in("0.4.2", "0.0.2"), edits: in("0.0.2", "0.0.3"),
			want: []string{"major tools.probe 0.0.2 → 0.0.3 (tool-unstable) nodes.yaml (capa)"},
		},
		"another build of the same version": {
			edits: in("16.5.12", "16.5.12+1"),
			want:  []string{"patch tools.teleport 16.5.12 → 16.5.12+1 (tool-patch) nodes.yaml"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := apply(t, repository(), tc.before)
			after := apply(t, before, tc.edits)
			got := bump.Compare(state(t, before), state(t, after))
			if diff := cmp.Diff(tc.want, lines(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if again := bump.Compare(state(t, before), state(t, after)); !cmp.Equal(got, again) {
				t.Error("the same states give another result the second time")
			}
		})
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	after := apply(t, repository(), append(in("16.5.12", "17.0.0"), edit{tasksFile, "/opt/bin", "/opt"}))
	result := bump.Compare(state(t, repository()), state(t, after))

	judged, err := result.Judge(map[string]bump.Level{"roles.teleport": bump.Patch})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"major tools.teleport 16.5.12 → 17.0.0 (tool-major) nodes.yaml",
		"patch roles.teleport (role-content) roles/teleport/tasks/main.yml",
	}
	if diff := cmp.Diff(want, lines(judged)); diff != "" || judged.Changes[1].Why != "judged by hand; the rule says minor" {
		t.Errorf("why %q, (-want +got):\n%s", judged.Changes[1].Why, diff)
	}
	if result.Changes[1].Level != bump.Minor {
		t.Error("judging changed the result that was judged")
	}

	_, err = result.Judge(map[string]bump.Level{"tools.teleport": bump.Patch, "roles.teleprot": bump.Patch})
	wantErr := "roles.teleprot=patch: nothing of that name changes\n" +
		"tools.teleport=patch: tools.teleport is major by the rule tool-major, and that is not for judging"
	if err == nil || err.Error() != wantErr {
		t.Errorf("got %v, want %s", err, wantErr)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{
		"images/a.yaml":       []byte("kind: Other\n"),
		"images/sub/b.yaml":   []byte("not read"),
		dockerfile:            []byte("FROM scratch\n"),
		"images/README.md":    []byte("not read"),
		"elsewhere/unrelated": []byte("not read"),
	}
	_, err := bump.Read(bump.Tree{Label: "v1.15.0:", Files: files}, layout)
	if err == nil {
		t.Fatal("no problem")
	}
	for _, want := range []string{`v1.15.0:images/a.yaml:1: kind is "Other"`, "v1.15.0:" + dockerfile + " has no ARG IMAGE_BUILDER_VERSION"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s in it", err, want)
		}
	}
	_, err = bump.Read(bump.Tree{Label: "d/"}, layout)
	want := "d/images has no image sets (*.yaml): --images says where they are\n" +
		"d/" + dockerfile + " is missing: --dockerfile says where it is (\"\": there is none)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if s, err := bump.Read(bump.Tree{Files: repository()}, bump.Layout{Images: "images/"}); err != nil || s.ImageBuilder != "" || len(s.Roles) != 0 {
		t.Errorf("without Dockerfile and roles: %+v, %v", s, err)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	s := state(t, apply(t, repository(), in("target: build-ami-flatcar\n", "target: build-ami-flatcar\n    imageBuilder: v0.1.49\n")))
	want := []string{"nodes.yaml: builders.ami.imageBuilder is v0.1.49, but the Dockerfile bundles v0.1.54"}
	if diff := cmp.Diff(want, s.Warnings()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		released, tag string
		level         bump.Level
		fails         bool
	}{
		{"v1.15.0", "v1.15.1", bump.Patch, false},
		{"1.15.3", "v1.16.0", bump.Minor, false},
		{"v1.15.0", "1.17.2", bump.Minor, false},
		{"v1.15.0", "v2.0.0", bump.Major, false},
		{"v1.15.0", "v1.15.0", bump.None, true},
		{"v1.15.0", "v1.14.9", bump.None, true},
	} {
		a, errA := bump.ParseRelease(tc.released)
		b, errB := bump.ParseRelease(tc.tag)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if got, err := a.LevelTo(b); got != tc.level || (err != nil) != tc.fails {
			t.Errorf("%s to %s: %s, %v, want %s", tc.released, tc.tag, got, err, tc.level)
		}
	}
	r, _ := bump.ParseRelease("v1.15.3")
	var next []string
	for _, l := range []bump.Level{bump.None, bump.Patch, bump.Minor, bump.Major} {
		next = append(next, r.Next(l).String())
	}
	if diff := cmp.Diff([]string{"v1.15.3", "v1.15.4", "v1.16.0", "v2.0.0"}, next); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "v", "1.15", "v1.15.0-rc.1", "1.15.0+1", "vv1.15.0", "HEAD", "1.15.0 "} {
		if got, err := bump.ParseRelease(bad); err == nil {
			t.Errorf("%q is taken for %s", bad, got)
		}
	}
}
