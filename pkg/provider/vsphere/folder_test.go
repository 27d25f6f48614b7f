package vsphere_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// TestMachines says what each state of a machine is to the consumer. In notes VM stands for the machine's ID.
func TestMachines(t *testing.T) {
	t.Parallel()
	created := time.Date(2024, 7, 2, 13, 35, 34, 0, time.UTC)
	const date = "2024-07-02T13:35:34Z"
	for name, c := range map[string]struct {
		machine clouds.VirtualMachine
		state   inventory.State
		created string
		note    string
	}{
		"template":                {clouds.VirtualMachine{}, inventory.Present, date, ""},
		"template being cloned":   {clouds.VirtualMachine{Task: "running"}, inventory.Present, date, ""},
		"older than vSphere 6.7":  {clouds.VirtualMachine{Created: time.Unix(0, 0)}, inventory.Present, "", ""},
		"being created":           {clouds.VirtualMachine{Creating: true}, inventory.Pending, "", "VM has no configuration yet: it is being created"},
		"orphaned":                {clouds.VirtualMachine{Connection: "orphaned"}, inventory.Failed, date, "VM is orphaned, that is, gone from its host: remove it from the inventory"},
		"invalid":                 {clouds.VirtualMachine{Connection: "invalid", Creating: true}, inventory.Failed, "", "VM is invalid, that is, its configuration is corrupted: remove it"},
		"host away":               {clouds.VirtualMachine{Connection: "disconnected"}, inventory.Unknown, date, "VM can't be checked, because its host is disconnected"},
		"disk away":               {clouds.VirtualMachine{Connection: "inaccessible", Creating: true}, inventory.Unknown, "", "VM can't be checked, because its files are inaccessible"},
		"new connection state":    {clouds.VirtualMachine{Connection: "quantum"}, inventory.Unknown, date, "VM is in a connection state that this version does not know"},
		"machine":                 {clouds.VirtualMachine{Plain: true}, inventory.Absent, "", "VM is a virtual machine, not a template: a build would stop at its name"},
		"machine after a task":    {clouds.VirtualMachine{Plain: true, Task: "success"}, inventory.Absent, "", "VM is a virtual machine, not a template: a build would stop at its name"},
		"machine after an error":  {clouds.VirtualMachine{Plain: true, Task: "error"}, inventory.Absent, "", "VM is a virtual machine, not a template: a build would stop at its name"},
		"machine being imported":  {clouds.VirtualMachine{Plain: true, Task: "running"}, inventory.Pending, date, "VM is no template yet, and a task on it is running"},
		"machine to be imported":  {clouds.VirtualMachine{Plain: true, Task: "queued"}, inventory.Pending, date, "VM is no template yet, and a task on it is queued"},
		"machine being built":     {clouds.VirtualMachine{Plain: true, Running: true}, inventory.Pending, date, "VM is running and no template yet, as during a build: remove it if there is none"},
		"no permission to see":    {clouds.VirtualMachine{Hidden: []string{"config.template"}}, inventory.Unknown, date, "VM does not tell everything: config.template (NoPermission)"},
		"no permission for much":  {clouds.VirtualMachine{Plain: true, Hidden: []string{"runtime.powerState", "recentTask"}}, inventory.Unknown, date, "VM does not tell everything: recentTask (NoPermission), runtime.powerState (NoPermission)"},
		"no permission for state": {clouds.VirtualMachine{Hidden: []string{"runtime.connectionState"}}, inventory.Unknown, date, "VM does not tell everything: runtime.connectionState (NoPermission)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVCenter()
			c.machine.Name = "image"
			if c.machine.Created.IsZero() {
				c.machine.Created = created
			}
			id := v.AddMachine(folder, c.machine)
			url := start(t, v)
			findings, err := look(t.Context(), t, url, "image")
			if err != nil {
				t.Fatal(err)
			}
			got := findings["image"][0]
			want := inventory.Finding{Location: host(url), State: c.state, Created: c.created}
			if c.state != inventory.Absent {
				want.ID = id
			}
			if c.note != "" {
				want.Notes = []string{strings.ReplaceAll(c.note, "VM ", id+" ")}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestFolders says which machine counts where folders below have the name, too. {a} and {b} stand for the machines' IDs.
func TestFolders(t *testing.T) {
	t.Parallel()
	const below, other = folder + "/old", folder + "/older/still"
	for name, c := range map[string]struct {
		a, b  string // their folders
		state inventory.State
		id    string
		note  string
	}{
		"in the folder":           {folder, "", inventory.Present, "{a}", ""},
		"beside the folder":       {"/dc/vm/others", "/dc/vm", inventory.Absent, "", ""},
		"in another datacenter":   {"/dc2/vm/templates", "", inventory.Absent, "", ""},
		"below the folder":        {below, "", inventory.Present, "{a}", "{a} is in a folder below /dc/vm/templates, where a lookup by path does not find it"},
		"in the folder and below": {below, folder, inventory.Present, "{b}", "{a} below /dc/vm/templates has this name too, so a lookup by name alone is ambiguous"},
		"below, twice":            {below, other, inventory.Unknown, "", "{a}, {b} are all below /dc/vm/templates, so a lookup by this name is ambiguous: remove all but one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVCenter()
			ids := strings.NewReplacer("{a}", v.AddMachine(c.a, clouds.VirtualMachine{Name: "image"}))
			if c.b != "" {
				a := ids.Replace("{a}")
				ids = strings.NewReplacer("{a}", a, "{b}", v.AddMachine(c.b, clouds.VirtualMachine{Name: "image"}))
			}
			findings, err := look(t.Context(), t, start(t, v), "image")
			if err != nil {
				t.Fatal(err)
			}
			got := findings["image"][0]
			if got.State != c.state || got.ID != ids.Replace(c.id) {
				t.Errorf("got %+v, want %s %s", got, c.state, ids.Replace(c.id))
			}
			if note := strings.Join(got.Notes, "; "); note != ids.Replace(c.note) {
				t.Errorf("got  %q\nwant %q", note, ids.Replace(c.note))
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	v := newVCenter()
	there := []string{"plain", `a/b\c%d`, "a%2fb", "*"}
	for _, name := range there {
		v.AddMachine(folder, clouds.VirtualMachine{Name: name})
	}
	away := []string{"Plain", "plain-", "plai", "?", "a/b"}
	findings, err := look(t.Context(), t, start(t, v), append(there, away...)...)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range append(there, away...) {
		want := inventory.Absent
		if i < len(there) {
			want = inventory.Present
		}
		if got := findings[name][0].State; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// TestNameless has a machine whose name is hidden: it may be any of those that are missing, but changes nothing about one that
// is there.
func TestNameless(t *testing.T) {
	t.Parallel()
	v := newVCenter()
	v.AddMachine(folder, clouds.VirtualMachine{Name: "there"})
	v.AddMachine(folder, clouds.VirtualMachine{Name: "plain", Plain: true})
	v.AddMachine(folder+"/old", clouds.VirtualMachine{Name: "below"})
	id := v.AddMachine(folder, clouds.VirtualMachine{Name: "hidden", Hidden: []string{"name"}})
	findings, err := look(t.Context(), t, start(t, v), "there", "plain", "below", "hidden", "missing")
	if len(findings) != 1 || findings["there"][0].State != inventory.Present {
		t.Errorf("got %+v, want only the one that is there", findings)
	}
	if want := "the names of these virtual machines in " + folder + " can't be read: " + id; err == nil || err.Error() != want {
		t.Errorf("got the error %v, want %s", err, want)
	}
}

// TestNoFolder holds that a folder that isn't there says nothing about its images.
func TestNoFolder(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/dc/vm/elsewhere":       "finding the folder /dc/vm/elsewhere: it does not exist, or the account may not see it",
		"/dc9/vm/templates":      "finding the folder /dc9/vm/templates: it does not exist, or the account may not see it",
		"/dc":                    "finding the folder /dc: it is not a folder",
		"/dc/vm/templates/image": "finding the folder /dc/vm/templates/image: it is not a folder",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			v := newVCenter()
			v.AddMachine(folder, clouds.VirtualMachine{Name: "image"})
			findings, err := newSource(t, imageset.VSphere{URL: start(t, v), Folder: path}, getenv()).Look(t.Context(), images("image"))
			if err == nil || err.Error() != want || len(findings) > 0 {
				t.Errorf("got %+v and %v, want %s", findings, err, want)
			}
		})
	}
}

// TestFolderPaths lists ways to write the path of one folder.
func TestFolderPaths(t *testing.T) {
	t.Parallel()
	v := newVCenter()
	v.AddMachine(folder, clouds.VirtualMachine{Name: "image"})
	url := start(t, v)
	for _, path := range []string{"/dc/vm/templates", "dc/vm/templates", "/dc/vm/templates/"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			findings, err := newSource(t, imageset.VSphere{URL: url, Folder: path}, getenv()).Look(t.Context(), images("image"))
			if err != nil || findings["image"][0].State != inventory.Present {
				t.Errorf("got %+v and %v, want present", findings, err)
			}
		})
	}
}
