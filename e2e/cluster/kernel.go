//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// keepKernelSettings reads the settings that a kubelet changes and that no namespace keeps apart, and returns what puts them back
// (setupKernelTunables in k8s.io/kubernetes pkg/kubelet/cm/container_manager_linux.go).
func keepKernelSettings() (restore func()) {
	before := make(map[string][]byte)
	for _, name := range []string{
		"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
	} {
		file := filepath.Join("/proc/sys", name)
		if value, err := os.ReadFile(file); err == nil {
			before[file] = value
		}
	}
	return func() {
		for file, value := range before {
			if now, err := os.ReadFile(file); err != nil || bytes.Equal(now, value) {
				continue
			}
			if err := os.WriteFile(file, value, 0o644); err != nil {
				fmt.Fprintln(os.Stderr, "cluster: putting a kernel setting back:", err)
			}
		}
	}
}

// controlGroups are the directories of the cluster's control group, one in each hierarchy: many with version 1, one with version 2.
type controlGroups []string

const controlGroupRoot = "/sys/fs/cgroup"

func newControlGroups(name string) (controlGroups, error) {
	hierarchies := []string{controlGroupRoot}
	if _, err := os.Stat(controlGroupRoot + "/cgroup.controllers"); err != nil {
		hierarchies, err = filepath.Glob(controlGroupRoot + "/*")
		if err != nil {
			return nil, err
		}
	}
	var groups controlGroups
	for _, hierarchy := range hierarchies {
		group := filepath.Join(hierarchy, name)
		if err := os.Mkdir(group, 0o755); err != nil {
			groups.remove()
			return nil, fmt.Errorf("making a control group: %w", err)
		}
		groups = append(groups, group)
		// A cpuset group of version 1 has nothing to run on until it is told.
		for _, setting := range []string{"cpuset.cpus", "cpuset.mems"} {
			value, err := os.ReadFile(filepath.Join(hierarchy, setting))
			if err == nil {
				err = os.WriteFile(filepath.Join(group, setting), value, 0o644)
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				groups.remove()
				return nil, fmt.Errorf("making a control group: %w", err)
			}
		}
	}
	return groups, nil
}

// remove removes the groups and those within, which are empty once the cluster's processes are gone.
func (g controlGroups) remove() {
	for _, group := range g {
		var all []string
		_ = filepath.WalkDir(group, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				all = append(all, path)
			}
			return nil
		})
		slices.Reverse(all)
		for _, dir := range all {
			if err := os.Remove(dir); err != nil {
				fmt.Fprintln(os.Stderr, "cluster: removing a control group:", err)
			}
		}
	}
}
