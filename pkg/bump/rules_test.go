package bump_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/bump"
)

// The repository that every row of the table changes.
const (
	setFile      = "images/nodes.yaml"
	dockerfile   = "images/capi-image-builder/Dockerfile"
	defaultsFile = "images/capi-image-builder/roles/teleport/defaults/main.yml"
	tasksFile    = "images/capi-image-builder/roles/teleport/tasks/main.yml"

	set = `apiVersion: nodeimage.giantswarm.io/v1alpha1
kind: ImageSet
name: {os: flatcar, channel: stable, suffix: gs}
versions: {flatcar: stable, kubernetes: ">=1.29"}
tools:
  - {name: teleport, version: 16.5.12}
  - {name: probe, version: 0.4.2, providers: [capa]}
builders:
  ami:
    target: build-ami-flatcar
    variables: {aws_region: eu-central-1, pause_image: "pause:3.9", enable_containerd_audit: "true", disable_public_repos: "false", runc_version: 1.2.0, runc_sha256: abc, node_custom_roles_pre: base net}
    environment: {IB_VERSION: a, AWS_PROFILE: ami}
  sig: {target: build-azure-sig-flatcar}
  spare: {target: build-raw-flatcar}
providers:
  capa: {builder: ami, aws: {owner: "706635527432", regions: [eu-west-1]}}
  capz: {builder: sig, azure: {resourceGroup: images, gallery: Nodes, regions: [westeurope]}}
  capv: {builder: spare, s3: {bucket: nodes, key: "capv/{name}.ova"}}
`
	defaults = `---
# How often.
teleport_retries: 3
teleport_url: "https://example.com/{{ teleport_version }}"
`
	tasks = `---
# Installs it.
- name: Install
  ansible.builtin.copy: {src: teleport, dest: /opt/bin/teleport}
`
)

func repository() map[string][]byte {
	return map[string][]byte{
		setFile:      []byte(set),
		dockerfile:   []byte("# The base.\nARG IMAGE_BUILDER_VERSION=v0.1.54\nFROM example.com/builder:${IMAGE_BUILDER_VERSION}\n"),
		defaultsFile: []byte(defaults),
		tasksFile:    []byte(tasks),
		"images/capi-image-builder/roles/teleport/README.md":     []byte("Teleport."),
		"images/capi-image-builder/roles/teleport/meta/main.yml": []byte("galaxy_info: {author: A}\ndependencies: []\n"),
		"images/capi-image-builder/roles/teleport/files/motd":    []byte("# welcome\n"),
	}
}

// edit replaces text in a file; with old empty, it makes the file of new, or removes it where new is empty, too.
type edit struct{ file, old, new string }

// made is a change as somebody would make it, and what the comparison has to say.
type made struct {
	before []edit // of both states
	edits  []edit
	beside []string // other rules that see the same change
	what   string
}

func in(before, after string) []edit { return []edit{{setFile, before, after}} }

func upstream(to string) []edit { return []edit{{dockerfile, "v0.1.54", to}} }

// changes has a change for every row of the table.
var changes = map[string]made{
	"tool-patch":            {edits: in("16.5.12", "16.5.13"), what: "tools.teleport"},
	"tool-minor":            {edits: in("16.5.12", "16.6.0"), what: "tools.teleport"},
	"tool-major":            {edits: in("16.5.12", "17.0.0"), what: "tools.teleport"},
	"tool-unstable":         {edits: in("0.4.2", "0.5.0"), what: "tools.probe"},
	"tool-unstable-patch":   {edits: in("0.4.2", "0.4.3"), what: "tools.probe"},
	"tool-prerelease":       {edits: in("16.5.12", "16.6.0-rc.1"), what: "tools.teleport"},
	"tool-downgrade-patch":  {edits: in("16.5.12", "16.5.11"), what: "tools.teleport"},
	"tool-downgrade":        {edits: in("16.5.12", "16.4.0"), what: "tools.teleport"},
	"tool-added":            {edits: in("builders:", "  - {name: crane, version: 1.0.0}\nbuilders:"), what: "tools.crane"},
	"tool-removed":          {edits: in("  - {name: teleport, version: 16.5.12}\n", ""), what: "tools.teleport"},
	"tool-provider-added":   {edits: in("[capa]", "[capa, capz]"), what: "tools.probe"},
	"tool-provider-removed": {edits: in("16.5.12}", "16.5.12, providers: [capa, capz]}"), what: "tools.teleport"},
	"tool-role":             {edits: in("16.5.12}", "16.5.12, role: teleport-ng}"), what: "tools.teleport.role"},

	"upstream-release":   {edits: upstream("v0.1.55"), what: "image-builder"},
	"upstream-breaking":  {edits: upstream("v0.2.0"), beside: []string{"containerd-unknown"}, what: "image-builder"},
	"upstream-downgrade": {edits: upstream("v0.1.53"), beside: []string{"tool-downgrade-patch"}, what: "image-builder"},
	"upstream-unknown":   {edits: upstream("main"), beside: []string{"containerd-unknown"}, what: "image-builder"},
	"containerd-major": {
		before: upstream("v0.1.49"), edits: []edit{{dockerfile, "v0.1.49", "v0.1.50"}}, beside: []string{"upstream-release"}, what: "containerd",
	},
	"containerd-unknown": {edits: upstream("v0.1.99"), beside: []string{"upstream-release"}, what: "containerd"},

	"variable-added":      {edits: in("aws_region:", "crictl_flag: x, aws_region:"), what: "builders.ami.variables.crictl_flag"},
	"variable-removed":    {edits: in(`pause_image: "pause:3.9", `, ""), what: "builders.ami.variables.pause_image"},
	"variable-changed":    {edits: in("pause:3.9", "pause:3.10"), what: "builders.ami.variables.pause_image"},
	"switch-on":           {edits: in(`repos: "false"`, `repos: "true"`), what: "builders.ami.variables.disable_public_repos"},
	"switch-off":          {edits: in(`audit: "true"`, `audit: "false"`), what: "builders.ami.variables.enable_containerd_audit"},
	"list-added":          {edits: in("base net", "base disk net"), what: "builders.ami.variables.node_custom_roles_pre"},
	"list-removed":        {edits: in("base net", "base"), what: "builders.ami.variables.node_custom_roles_pre"},
	"list-order":          {edits: in("base net", "net base"), what: "builders.ami.variables.node_custom_roles_pre"},
	"digest":              {edits: in("abc", "def"), what: "builders.ami.variables.runc_sha256"},
	"environment-added":   {edits: in("IB_VERSION:", "EXTRA: b, IB_VERSION:"), what: "builders.ami.environment.EXTRA"},
	"environment-removed": {edits: in("IB_VERSION: a, ", ""), what: "builders.ami.environment.IB_VERSION"},
	"environment-changed": {edits: in("IB_VERSION: a", "IB_VERSION: b"), what: "builders.ami.environment.IB_VERSION"},
	"build-setting":       {edits: in("aws_region: eu-central-1", "aws_region: eu-west-1"), what: "builders.ami.variables.aws_region"},

	"target-changed":   {edits: in("sig-flatcar}", "sig-flatcar-gen2}"), what: "builders.sig.target"},
	"name-changed":     {edits: in("suffix: gs", "suffix: mn-gs"), what: "name.suffix"},
	"key-changed":      {edits: in("capv/{name}.ova", "{name}/image.ova"), what: "providers.capv.s3.key"},
	"provider-added":   {edits: in("providers:\n", "providers:\n  new: {builder: spare, directory: {path: a, file: \"{name}\"}}\n"), what: "providers.new"},
	"provider-removed": {edits: in("  capv: {builder: spare, s3: {bucket: nodes, key: \"capv/{name}.ova\"}}\n", ""), what: "providers.capv"},
	"provider-type":    {edits: in(`s3: {bucket: nodes, key: "capv/{name}.ova"}`, `directory: {path: a, file: "{name}"}`), what: "providers.capv"},
	"provider-moved":   {edits: in("spare", "raw"), what: "providers.capv.builder"},
	"builder-unused":   {edits: in("  spare:", "  other: {target: build-qemu-flatcar}\n  spare:"), what: "builders.other"},

	"role-added":      {edits: []edit{{"images/capi-image-builder/roles/crane/tasks/main.yml", "", "[]"}}, what: "roles.crane"},
	"role-removed":    {edits: removed("teleport"), what: "roles.teleport"},
	"role-content":    {edits: []edit{{tasksFile, "/opt/bin", "/opt/teleport"}}, what: "roles.teleport"},
	"default-added":   {edits: []edit{{defaultsFile, "teleport_url", "teleport_root: \"\"\nteleport_url"}}, what: "roles.teleport.defaults.teleport_root"},
	"default-removed": {edits: []edit{{defaultsFile, "teleport_retries: 3\n", ""}}, what: "roles.teleport.defaults.teleport_retries"},
	"default-changed": {edits: []edit{{defaultsFile, "retries: 3", "retries: 5"}}, what: "roles.teleport.defaults.teleport_retries"},

	"place-changed":  {edits: in("[eu-west-1]", "[eu-west-1, us-east-1]"), what: "providers.capa.aws.regions"},
	"choice-changed": {edits: in(">=1.29", ">=1.30"), what: "versions.kubernetes"},
	"comments": {edits: []edit{
		{setFile, "kind:", "# Our nodes.\nkind:"},
		{setFile, "os: flatcar, channel: stable", "channel: stable, os: flatcar"},
		{defaultsFile, "# How often.", "# How often a download is tried again."},
		{tasksFile, "# Installs it.\n", ""},
		{dockerfile, "# The base.", "# Upstream's image."},
		{"images/capi-image-builder/roles/teleport/README.md", "", "More words."},
		{"images/capi-image-builder/roles/teleport/tests/test.yml", "", "[]"},
		{"images/capi-image-builder/roles/teleport/meta/main.yml", "author: A", "author: B"},
	}},
}

func removed(role string) []edit {
	var out []edit
	for file := range repository() {
		if strings.HasPrefix(file, "images/capi-image-builder/roles/"+role+"/") {
			out = append(out, edit{file: file})
		}
	}
	return out
}

// TestTable makes the change of every row of the table in docs/versioning.md.
func TestTable(t *testing.T) {
	t.Parallel()
	rows := table(t)
	if len(rows) < 16 {
		t.Fatalf("the table has %d rows", len(rows))
	}
	for _, row := range rows {
		t.Run(row.ID, func(t *testing.T) {
			t.Parallel()
			change, found := changes[row.ID]
			if !found {
				t.Fatal("nobody makes this change")
			}
			before := apply(t, repository(), change.before)
			got := bump.Compare(state(t, before), state(t, apply(t, before, change.edits)))
			check(t, row, change, got)
		})
	}
}

func check(t *testing.T, row bump.Rule, change made, got bump.Result) {
	t.Helper()
	if row.ID == "comments" {
		if diff := cmp.Diff(bump.Result{Changes: []bump.Change{}}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return
	}
	var rules []string
	for _, c := range got.Changes {
		rules = append(rules, c.Rule)
		if c.Rule == row.ID && (c.Level != row.Level || c.Why != row.Why || c.What != change.what) {
			t.Errorf("got %s, %s: %s, %q, want %s: %s, %q", c, c.Level, c.What, c.Why, row.Level, change.what, row.Why)
		}
	}
	want := append(slices.Clone(change.beside), row.ID)
	slices.Sort(want)
	slices.Sort(rules)
	if diff := cmp.Diff(want, rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if len(change.beside) == 0 && got.Level != row.Level {
		t.Errorf("the changes need %s, want %s", got.Level, row.Level)
	}
}

// TestTableHasAllRules holds the program and the table to the same words, in the same order.
func TestTableHasAllRules(t *testing.T) {
	t.Parallel()
	written := slices.DeleteFunc(table(t), func(r bump.Rule) bool { return r.ID == "comments" })
	if diff := cmp.Diff(bump.Rules(), written); diff != "" {
		t.Errorf("rules in the program and in docs/versioning.md (-program +table):\n%s", diff)
	}
}

// TestContainerd holds the program's record of containerd to the second table: within a row nothing changes, and from one row to
// the next it goes from one version to the other.
func TestContainerd(t *testing.T) {
	t.Parallel()
	last, containerd := "v0.1.26", "unknown"
	rows := 0
	for line := range strings.Lines(section(t, "| image-builder | containerd |\n|---|---|\n")) {
		releases, version, found := strings.Cut(strings.Trim(line, "|\n "), " | ")
		if !found {
			break
		}
		rows++
		ends := strings.Split(strings.ReplaceAll(releases, " to ", ", "), ", ")
		between(t, last, ends[0], []string{containerd, version})
		between(t, ends[0], ends[len(ends)-1], nil)
		last, containerd = ends[len(ends)-1], version
	}
	between(t, last, "v0.1.56", []string{containerd, "unknown"})
	if rows < 7 {
		t.Errorf("the table has %d rows", rows)
	}
}

func between(t *testing.T, from, to string, want []string) {
	t.Helper()
	at := func(release string) bump.State {
		return state(t, apply(t, repository(), []edit{{dockerfile, "v0.1.54", release}}))
	}
	var got []string
	for _, c := range bump.Compare(at(from), at(to)).Changes {
		if c.What == "containerd" {
			got = append(got, c.From, c.To)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("containerd from %s to %s (-want +got):\n%s", from, to, diff)
	}
}

// section is what follows the head of a table in docs/versioning.md.
func section(t *testing.T, head string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/versioning.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), head)
	if !found {
		t.Fatalf("docs/versioning.md has no table %q", head)
	}
	return rest
}

// table reads the rules from docs/versioning.md.
func table(t *testing.T) []bump.Rule {
	t.Helper()
	var rows []bump.Rule
	for line := range strings.Lines(section(t, "| change | in words | level | why | may be judged |\n|---|---|---|---|---|\n")) {
		cells := strings.Split(strings.Trim(line, "|\n "), " | ")
		if len(cells) != 5 {
			break
		}
		level, known := bump.ParseLevel(cells[2])
		if !known || (cells[4] != "yes" && cells[4] != "no") {
			t.Fatalf("not a row: %s", line)
		}
		rows = append(rows, bump.Rule{ID: strings.Trim(cells[0], "`"), Change: cells[1], Level: level, Why: cells[3], Judged: cells[4] == "yes"})
	}
	return rows
}

func apply(t *testing.T, files map[string][]byte, edits []edit) map[string][]byte {
	t.Helper()
	out := maps.Clone(files)
	for _, e := range edits {
		switch {
		case e.old == "" && e.new == "":
			delete(out, e.file)
		case e.old == "":
			out[e.file] = []byte(e.new)
		case !strings.Contains(string(out[e.file]), e.old):
			t.Fatalf("%s has no %q", e.file, e.old)
		default:
			out[e.file] = []byte(strings.ReplaceAll(string(out[e.file]), e.old, e.new))
		}
	}
	return out
}

func state(t *testing.T, files map[string][]byte) bump.State {
	t.Helper()
	s, err := bump.Read(bump.Tree{Files: files}, layout)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var layout = bump.Layout{Images: "images", Roles: "images/capi-image-builder/roles", Dockerfile: dockerfile}
