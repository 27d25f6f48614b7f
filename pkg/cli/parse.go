package cli

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/giantswarm/nodeimage/pkg/name"
)

// parsedName is a line of what parse prints. Legacy names leave out what they don't tell.
type parsedName struct {
	Name       string    `json:"name"`
	Form       name.Form `json:"form"`
	Channel    string    `json:"channel,omitempty"`
	Flatcar    string    `json:"flatcar,omitempty"`
	Kubernetes string    `json:"kubernetes,omitempty"`
	Tooling    string    `json:"tooling,omitempty"`
	Arch       string    `json:"arch,omitempty"`
	Suffix     string    `json:"suffix,omitempty"`
	Note       string    `json:"note,omitempty"`
}

func newParse() *cobra.Command {
	return &cobra.Command{
		Use:   "parse NAME…",
		Short: "Take names of images apart",
		Long: "Parse prints what each name says, one JSON object a line, and which form it has: current, one of the legacy forms\n" +
			"(recognised, but never looked up), or \"not ours\".",
		Example: "  nodeimage parse flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs",
		Args:    usage(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetEscapeHTML(false)
			for _, arg := range args {
				p := name.Parse(arg)
				if err := enc.Encode(parsedName{
					arg, p.Form, p.Name.Channel, p.Name.Flatcar, p.Name.Kubernetes, p.Name.Tooling, p.Name.Arch, p.Name.Suffix, p.Note,
				}); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
