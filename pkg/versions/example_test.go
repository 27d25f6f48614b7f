package versions_test

import (
	"context"
	"fmt"
	"time"

	"github.com/giantswarm/nodeimage/pkg/versions"
)

func Example() {
	query, err := versions.Parse(versions.Kubernetes, ">=1.28, 1.27.16")
	if err != nil {
		fmt.Println(err) // an *InputError: exit 2
		return
	}
	resolver, err := versions.New(versions.Config{
		Now:     time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC),
		Sources: versions.Sources{Kubernetes: "testdata/kubernetes"},
	})
	if err != nil {
		fmt.Println(err) // an *InputError: exit 2
		return
	}
	resolved, err := resolver.Resolve(context.Background(), query)
	if err != nil {
		fmt.Println(err) // an *InputError: exit 2, or a *SourceError: exit 3
		return
	}
	for _, v := range resolved.Versions {
		fmt.Println(v.Version, v.Source)
	}
	fmt.Println(resolved.Notes[1])
	// Output:
	// 1.31.3 testdata/kubernetes/stable-1.31.txt
	// 1.30.7 testdata/kubernetes/stable-1.30.txt
	// 1.29.11 testdata/kubernetes/stable-1.29.txt
	// 1.27.16 as given
	// past the end of life and left out: 1.28 (2024-10-22)
}
