package plan

import (
	"strings"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

// Artifact is what one run of a builder makes, for however many providers.
type Artifact struct {
	Builder string // as the image set calls it
	Image   string // the image's name
}

// ArtifactOf is the artifact that a wanted image comes from.
func ArtifactOf(set *imageset.ImageSet, w Wanted) Artifact {
	return Artifact{set.Providers[w.Provider].Builder, w.Image.Name.String()}
}

// sharing is what the providers of one artifact have been decided, where that matters to each other.
type sharing struct {
	waiting []string // providers where it is being made
	kept    bool     // it exists for one of them, or could not be checked, and must not be overwritten
}

func of(shared map[Artifact]*sharing, a Artifact) *sharing {
	if shared[a] == nil {
		shared[a] = new(sharing)
	}
	return shared[a]
}

func (s *sharing) note(provider string, v verdict) {
	switch v.reason {
	case ReasonInProgress:
		s.waiting = append(s.waiting, provider)
	case ReasonExists, ReasonIncomplete, ReasonUnknown:
		s.kept = true
	}
}

// settle brings a verdict in line with those of the other providers that the same build would serve. While it is being made for one
// of them it is not started again for another, and what exists for one is not overwritten for another. A forced build is asked for
// by name, and does as it is told.
func (s *sharing) settle(v verdict) verdict {
	switch {
	case v.decision != Build || v.reason == ReasonForced:
		return v
	case len(s.waiting) > 0:
		return verdict{Wait, ReasonInProgress, v.message + ", but the same build is being made for " + strings.Join(s.waiting, ", "), false}
	}
	v.overwrite = v.overwrite && !s.kept
	return v
}
