// Package capiimagebuilder_test tests what the image capi-image-builder adds to upstream's.
package capiimagebuilder_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	amd64 = "x86_64"
	arm64 = "aarch64"
)

// machine is a host to which the role is applied: a directory, an architecture as Ansible calls it, and variables.
type machine struct {
	arch  string
	vars  string            // further variables of the inventory
	has   map[string]string // files that are there before
	want  map[string]string // files that are there afterwards, by path
	fails bool
}

const binary = "opt/bin/teleport"

// machines are applied to at once. Those that the role fails on must be as they were. Ansible needs seconds for each, so there
// are no more than the role has ways to end.
var machines = map[string]machine{
	"fresh":    {arch: amd64, want: map[string]string{binary: "teleport 16.5.12 amd64"}},
	"upgraded": {arch: arm64, vars: pin("arm64"), has: map[string]string{binary: "teleport 15.1.7 arm64"}, want: map[string]string{binary: "teleport 16.5.12 arm64"}},
	"tampered": {arch: amd64, vars: "teleport_version=16.6.6", fails: true},
	"kept":     {arch: amd64, vars: pin("arm64"), has: map[string]string{binary: "teleport 15.1.7 amd64"}, want: map[string]string{binary: "teleport 15.1.7 amd64"}, fails: true},
	"foreign":  {arch: "riscv64", fails: true},
}

// pin asks for the archive of an architecture by its digest.
func pin(arch string) string { return "teleport_checksum=sha256:" + digest(archive("16.5.12", arch)) }

// The role installs the binary for the machine's architecture, changes nothing when it is applied again, and leaves nothing
// behind where it fails.
func TestTeleport(t *testing.T) {
	t.Parallel()
	need(t, "ansible-playbook")
	need(t, "tar")
	server := httptest.NewServer(http.HandlerFunc(serveTeleport))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	inventory := lay(t, dir, server.URL)

	first := play(t, inventory, "all")
	check(t, dir)
	for name, m := range machines {
		if want := (result{changed: !m.fails, failed: m.fails}); first[name] != want {
			t.Errorf("%s: first run %+v, want %+v", name, first[name], want)
		}
	}
	second := play(t, inventory, "fresh,upgraded")
	check(t, dir)
	if diff := cmp.Diff(map[string]result{"fresh": {}, "upgraded": {}}, second, cmp.AllowUnexported(result{})); diff != "" {
		t.Errorf("second run (-want +got):\n%s", diff)
	}
}

// serveTeleport is Teleport's download server. The checksum of 16.6.6 is that of another archive.
func serveTeleport(w http.ResponseWriter, r *http.Request) {
	m := regexp.MustCompile(`^/teleport-v([0-9.]+)-linux-(amd64|arm64)-bin\.tar\.gz(\.sha256)?$`).FindStringSubmatch(r.URL.Path)
	if m == nil {
		http.NotFound(w, r)
		return
	}
	data := archive(m[1], m[2])
	if m[3] == "" {
		_, _ = w.Write(data)
		return
	}
	if m[1] == "16.6.6" {
		data = archive("16.5.12", m[2])
	}
	_, _ = fmt.Fprintf(w, "%s  %s\n", digest(data), strings.TrimSuffix(filepath.Base(r.URL.Path), ".sha256"))
}

// archive is a release as Teleport packs it: a directory with several binaries, owned by whoever built it.
func archive(version, arch string) []byte {
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	w := tar.NewWriter(zipped)
	for _, file := range []string{"VERSION", "install", "tctl", "teleport", "tsh"} {
		content := file + " " + version + " " + arch
		header := &tar.Header{Name: "teleport/" + file, Mode: 0o555, Size: int64(len(content)), Uid: 1000, Gid: 1000}
		if err := errors.Join(w.WriteHeader(header), ignoreCount(w.Write([]byte(content)))); err != nil {
			panic(err)
		}
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func ignoreCount(_ int, err error) error { return err }

func digest(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// lay makes the machines' directories and an inventory of them.
func lay(t *testing.T, dir, server string) string {
	t.Helper()
	var b strings.Builder
	for name, m := range machines {
		if err := os.MkdirAll(filepath.Join(dir, "tmp", name), 0o755); err != nil {
			t.Fatal(err)
		}
		for path, content := range m.has {
			path = filepath.Join(dir, "root", name, path)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o755)); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Fprintf(&b, "%s machine=%s teleport_root=%s teleport_tmp=%s %s\n", name, m.arch,
			filepath.Join(dir, "root", name), filepath.Join(dir, "tmp", name), m.vars)
	}
	// Ansible takes an assignment apart at the first equal sign, so the template needs quotes for its spaces only.
	b.WriteString("[all:vars]\nansible_python_interpreter=\"{{ ansible_playbook_python }}\"\nteleport_retries=0\nteleport_version=16.5.12\n" +
		"teleport_url=\"" + server + "/teleport-v{{ teleport_version }}-linux-{{ teleport_arch }}-bin.tar.gz\"\n")
	inventory := filepath.Join(dir, "inventory")
	if err := os.WriteFile(inventory, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return inventory
}

// result is what Ansible's recap says about a machine.
type result struct{ changed, failed bool }

// play applies the role to machines.
func play(t *testing.T, inventory, limit string) map[string]result {
	t.Helper()
	roles, err := filepath.Abs("roles")
	// Go runs a test again if files that it has looked at have changed. Ansible's looking does not count.
	if err = errors.Join(err, filepath.WalkDir(roles, lookAt), filepath.WalkDir("testdata", lookAt)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ansible-playbook", "-i", inventory, "--limit", limit, filepath.Join("testdata", "play.yml"))
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Dir(inventory), "LC_ALL=C.UTF-8", "ANSIBLE_ROLES_PATH=" + roles,
		"ANSIBLE_CONFIG=" + filepath.Join("testdata", "ansible.cfg"),
	}
	log, err := cmd.CombinedOutput()
	// Ansible exits with 2 where a machine failed, as some have to.
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 2) {
		t.Fatalf("ansible-playbook: %v\n%s", err, log)
	}
	results := map[string]result{}
	recap := regexp.MustCompile(`(?m)^(\S+) +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=(\d+)`)
	for _, m := range recap.FindAllStringSubmatch(string(log), -1) {
		results[m[1]] = result{changed: m[2] != "0", failed: m[3] != "0"}
	}
	if len(results) == 0 {
		t.Fatalf("Ansible says nothing about any machine:\n%s", log)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s", log)
		}
	})
	return results
}

func lookAt(path string, _ fs.DirEntry, err error) error {
	_, statErr := os.Stat(path)
	return errors.Join(err, statErr)
}

// check compares the files on the machines with what has to be there.
func check(t *testing.T, dir string) {
	t.Helper()
	for name, m := range machines {
		want := m.want
		if want == nil {
			want = map[string]string{}
		}
		if diff := cmp.Diff(want, files(t, filepath.Join(dir, "root", name))); diff != "" {
			t.Errorf("%s: files (-want +got):\n%s", name, diff)
		}
		if left := files(t, filepath.Join(dir, "tmp", name)); len(left) != 0 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
}

// files are the contents of all files in a directory, by path. Binaries have to be executable for all and to belong to whoever
// installed them; empty directories count as files, too.
func files(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || path == root {
			return nil
		}
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if entry.IsDir() {
			inside, err := os.ReadDir(path)
			if len(inside) == 0 {
				out[name] = "(an empty directory)"
			}
			return err
		}
		content, err := os.ReadFile(path)
		info, statErr := entry.Info()
		if statErr != nil {
			return statErr
		}
		if owner := info.Sys().(*syscall.Stat_t).Uid; info.Mode() != 0o755 || int(owner) != os.Getuid() {
			out[name+" has"] = fmt.Sprintf("mode %v and owner %d", info.Mode(), owner)
		}
		out[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// need skips a test where a program is missing; where everything has to be tested, it fails it.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	why := program + " is not installed, so that nothing shows what the role does (Debian: apt-get install ansible-core tar)"
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}
