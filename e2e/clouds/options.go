package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/giantswarm/nodeimage/internal/clouds"
)

// options are what the command line says.
type options struct {
	box     clouds.BoxConfig
	control int // port; negative: none
	latency time.Duration
	empty   bool
	command []string
}

// parse reads the command line. The error holds every problem, or is flag.ErrHelp where the usage was asked for.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("clouds", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.box.Listen, "listen", "127.0.0.1", "IP `address` that all servers listen on")
	flags.StringVar(&o.box.Host, "host", "127.0.0.1", "`name` or address by which clients reach them; it is in URLs and in the certificate")
	flags.IntVar(&o.box.Port, "port", 0, "`port` of the first server, which the others follow; 0: free ones")
	flags.IntVar(&o.control, "control", -1, "`port` of a server that changes the box; 0: a free one; -1: none")
	flags.StringVar(&o.box.Files, "files", "", "`directory` where clients have the files of GET /environment; if not given, they are on this machine, in a temporary one")
	flags.DurationVar(&o.latency, "latency", 0, "how long every answer takes")
	flags.BoolVar(&o.empty, "empty", false, "start without images")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	o.command = flags.Args()
	return o, o.check()
}

// servers is how many ports follow one another.
const servers = 6

func (o options) check() error {
	var problems []error
	if net.ParseIP(o.box.Listen) == nil {
		problems = append(problems, fmt.Errorf("-listen %q: want an IP address", o.box.Listen))
	}
	if o.box.Host == "" {
		problems = append(problems, errors.New("-host is empty"))
	}
	if o.box.Port < 0 || o.box.Port+servers-1 > 65535 {
		problems = append(problems, fmt.Errorf("-port %d: want %d ports up to 65535", o.box.Port, servers))
	}
	if o.control < -1 || o.control > 65535 {
		problems = append(problems, fmt.Errorf("-control %d: want a port up to 65535", o.control))
	}
	if o.box.Port > 0 && o.control >= o.box.Port && o.control < o.box.Port+servers {
		problems = append(problems, fmt.Errorf("-control %d: is one of the %d ports from -port %d on", o.control, servers, o.box.Port))
	}
	if o.box.Files != "" && len(o.command) > 0 {
		problems = append(problems, errors.New("-files: nothing is written there, so a command would miss them"))
	}
	return errors.Join(problems...)
}
