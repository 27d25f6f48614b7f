package clouddirector

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/vmware/go-vcloud-director/v3/types/v56"
)

// scope says which of the templates in catalogs of the right name are the consumer's.
type scope struct {
	sharedBy string // the organisation that shares the catalog; "" where it is the own one's
	org      string // ID of the organisation to which templates must belong; "" where no other has such a catalog
}

// findCatalog tells a catalog that is missing from one that is empty, which a query for templates does not. Like the consumer
// (go-vcloud-director, govcd/org.go, queryCatalogByName) it takes the organisation's own catalog before one that another
// organisation shares, but it doesn't choose between two that others share.
func (s *session) findCatalog(ctx context.Context, org, name string) (scope, error) {
	var own bool
	var others []string
	err := s.query(ctx, "catalog", "name", name, func(r records) int {
		for _, c := range r.Catalogs {
			switch {
			case c.Name != name:
			case strings.EqualFold(c.Org, org):
				own = true
			default:
				others = append(others, c.Org)
			}
		}
		return len(r.Catalogs)
	})
	switch {
	case err != nil:
		return scope{}, err
	case own && len(others) > 0:
		id, err := s.organisation(ctx, org)
		return scope{org: id}, err
	case own:
		return scope{}, nil
	case len(others) == 1:
		return scope{sharedBy: others[0]}, nil
	case len(others) == 0:
		return scope{}, told("there is none that this account can see")
	}
	slices.Sort(others)
	return scope{}, told(fmt.Sprintf("several organisations share one of that name, and it has none itself: %s", strings.Join(others, ", ")))
}

// organisation returns the ID of the organisation that the session belongs to.
func (s *session) organisation(ctx context.Context, name string) (string, error) {
	var list *types.OrgList
	err := s.call(ctx, func() (err error) {
		list, err = s.client.GetOrgList()
		return err
	})
	if err != nil {
		return "", err
	}
	for _, o := range list.Org {
		if strings.EqualFold(o.Name, name) && o.HREF != "" {
			return path.Base(o.HREF), nil
		}
	}
	return "", errNotUnderstood
}

// templates returns the templates in catalogs of this name, by their own name.
func (s *session) templates(ctx context.Context, catalog string) (map[string][]template, error) {
	named := make(map[string][]template)
	seen := make(map[string]bool)
	repeated := false
	err := s.query(ctx, "vAppTemplate", "catalogName", catalog, func(r records) int {
		for _, t := range r.Templates {
			repeated = repeated || seen[t.Href]
			seen[t.Href] = true
			if t.Catalog == catalog {
				named[t.Name] = append(named[t.Name], t)
			}
		}
		return len(r.Templates)
	})
	if err == nil && repeated {
		err = errChanged
	}
	return named, err
}
