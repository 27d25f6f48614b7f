package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/versions"
)

// versionsFlags are the flags of nodeimage versions.
type versionsFlags struct {
	lookup
	images      string
	form        string
	prereleases bool
}

func newVersions(env Environment) *cobra.Command {
	var f versionsFlags
	cmd := &cobra.Command{
		Use:   "versions flatcar|kubernetes|tooling [QUERY]",
		Short: "Print what a version query means, and from which source",
		Long: "Versions prints the exact versions that a query means, each with its source and date. A query is an exact version, a minor\n" +
			"(1.29: its latest patch), a range (\">=1.28 <1.31\": the latest patch of each minor; with \" all\" behind it every patch), latest,\n" +
			"stable, for Flatcar a channel, or a list of these with commas. Without a query it is stable.",
		Example:   "  nodeimage versions flatcar\n  nodeimage versions kubernetes \">=1.29\"\n  nodeimage versions tooling latest -o json",
		Args:      usage(cobra.RangeArgs(1, 2)),
		ValidArgs: []string{"flatcar", "kubernetes", "tooling"},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runVersions(cmd.Context(), env, f, append(args, "stable"))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.images, "images", "", "image set whose sources to use")
	flags.StringVarP(&f.form, "output", "o", "table", "form of the result: table or json")
	flags.BoolVar(&f.prereleases, "allow-prerelease", false, "let pre-releases count")
	f.lookup.register(flags)
	return cmd
}

func runVersions(ctx context.Context, env Environment, f versionsFlags, args []string) error {
	query, parseErr := versions.Parse(versions.Subject(args[0]), args[1])
	var set *imageset.ImageSet
	var loadErr, formErr error
	if f.images != "" {
		set, loadErr = imageset.Load(f.images)
	}
	if !slices.Contains([]string{"table", "json"}, f.form) {
		formErr = fmt.Errorf("-o %q: the forms are json, table", f.form)
	}
	if err := inputError(parseErr, loadErr, f.check(), formErr); err != nil {
		return err
	}
	r, err := f.resolver(env, set, f.prereleases)
	if err != nil {
		return err
	}
	found, err := r.Resolve(ctx, query)
	if err != nil {
		return statusOf(err)
	}
	if f.form == "json" {
		return writeVersionsJSON(env.Stdout, found)
	}
	tell(env, found)
	return writeVersions(env.Stdout, found)
}

func writeVersionsJSON(w io.Writer, found versions.Resolution) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(found)
}

func writeVersions(w io.Writer, found versions.Resolution) error {
	var out strings.Builder
	columns := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "VERSION\tDATE\tSOURCE")
	for _, v := range found.Versions {
		date := "-"
		if !v.Date.IsZero() {
			date = v.Date.UTC().Format(time.DateOnly)
		}
		fmt.Fprintf(columns, "%s\t%s\t%s\n", v.Version, date, v.Source)
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, out.String())
	return err
}
