package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/giantswarm/nodeimage/pkg/name"
)

func newName() *cobra.Command {
	var parts name.Name
	var opts name.Options
	cmd := &cobra.Command{
		Use:     "name --tooling V --flatcar V --kubernetes V",
		Short:   "Compose the name of an image",
		Example: "  nodeimage name --flatcar 3815.2.5 --kubernetes v1.29.7 --tooling v1.15.0",
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := name.New(parts, opts)
			if err == nil {
				err = name.LabelLimit().Check(n.String())
			}
			if err != nil {
				return inputError(asFlags(err))
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), n)
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&parts.Tooling, "tooling", "", "release of capi-image-builder, with or without v")
	flags.StringVar(&parts.Flatcar, "flatcar", "", "Flatcar version")
	flags.StringVar(&parts.Kubernetes, "kubernetes", "", "Kubernetes version, with or without v")
	flags.StringVar(&parts.Channel, "channel", name.DefaultChannel, "Flatcar's channel: stable, beta, alpha or lts")
	flags.StringVar(&parts.Suffix, "suffix", name.DefaultSuffix, "what the name ends in")
	flags.StringVar(&parts.Arch, "arch", name.AMD64, "amd64 or arm64")
	flags.BoolVar(&opts.AllowPrerelease, "allow-prerelease", false, "accept pre-releases of Kubernetes and the tooling")
	return cmd
}

// asFlags words what is wrong with the parts of a name by the flags that they came from.
func asFlags(err error) error {
	var invalid name.Errors
	if !errors.As(err, &invalid) {
		return err
	}
	var problems []error
	for _, e := range invalid {
		problems = append(problems, fmt.Errorf("--%s %q %s", e.Field, e.Value, e.Problem))
	}
	return errors.Join(problems...)
}
