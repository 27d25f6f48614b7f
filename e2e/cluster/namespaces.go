//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// The processes of a cluster are told their part, and where its state lies, by their environment.
const (
	partVariable  = "NODEIMAGE_E2E_PART"
	stateVariable = "NODEIMAGE_E2E_STATE"
	partFirst     = "first"
	partNode      = "node"
)

// outside makes the namespaces, waits for the cluster in them to end, and cleans up.
func outside(ctx context.Context, s settings) (int, error) {
	if err := s.check(); err != nil {
		return 2, err
	}
	state, err := os.MkdirTemp("", "nodeimage-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(state)
	restore := keepKernelSettings()
	defer restore()
	groups, err := newControlGroups(filepath.Base(state))
	if err != nil {
		return 1, err
	}
	defer groups.remove()
	cmd := again(partFirst, "NODEIMAGE_E2E_STATE="+state)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true, // an interrupt from the terminal comes by way of this process
	}
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("making namespaces: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	status, err := exitStatus(cmd.Wait())
	return status, errors.Join(err, keepLogs(state, s.logs))
}

// again is a command that runs this program in another part.
func again(part string, environment ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), partVariable+"="+part)
	cmd.Env = append(cmd.Env, environment...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd
}

// first is process 1 of the namespaces. It adopts what others leave behind, such as containerd's shims, and takes everything with it
// when it ends.
func first(ctx context.Context) (int, error) {
	cmd := again(partNode)
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 1, fmt.Errorf("waiting for the node: %w", err)
		case pid == cmd.Process.Pid && status.Signaled():
			return 1, fmt.Errorf("the node was ended by %s", status.Signal())
		case pid == cmd.Process.Pid:
			return status.ExitStatus(), nil
		}
	}
}

// exitStatus is the status of a command that ran, or the error of one that didn't.
func exitStatus(err error) (int, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit) && exit.Exited():
		return exit.ExitCode(), nil
	}
	return 1, err
}

// keepLogs moves the logs out of the state before it is removed.
func keepLogs(state, logs string) error {
	if err := os.RemoveAll(logs); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(logs), 0o755); err != nil {
		return err
	}
	out, err := exec.Command("cp", "--recursive", "--no-target-directory", filepath.Join(state, "logs"), logs).CombinedOutput()
	if err != nil {
		return fmt.Errorf("keeping the logs: %w: %s", err, out)
	}
	return nil
}
