// Package versions turns version queries into exact versions of Flatcar, Kubernetes and the tooling.
//
// A query is a list of terms with commas between them:
//
//	1.29.7, v1.29.7       that version; no source is asked, so it needs no network
//	stable, latest        the newest version (Flatcar: "stable" is the newest of the stable channel, "latest" the
//	                      newest of the configured channel)
//	beta, alpha, lts      Flatcar only: the newest version of that channel
//	1.29                  the newest patch of that minor, in support or not: naming it asks for it
//	1.29 all              every patch of that minor
//	>=1.28                the newest patch of each minor from there on that is in support
//	<1.30                 the newest patch of each minor below that is in support
//	>=1.28 <1.31          the newest patch within the range of each minor, in support or not: both ends name them
//	~1.29, 1.28 - 1.30    ranges with both ends as well
//	>=1.28 <1.31 all      every patch of every minor within the range, in support or not
//
// Ranges are those of github.com/Masterminds/semver/v3, without its comma: between terms a comma means "and also".
// Support is Kubernetes' alone; of the others every minor counts. A range lacks an end where nothing keeps it from ever
// lower or ever higher minors, so ^1.28, 1.x and >=1.28 <2 lack one, and "~1.27 || >=1.30" does as a whole, while of
// "~1.27, >=1.30" only the second does. [Config.EndOfLife] lets such ranges reach everything.
//
// Pre-releases are found by name, by a range that has one as a bound, and with [Config.Prereleases].
//
// # Where the answers come from
//
// Each subject has one source: public servers, a base URL that holds the same paths (a mirror), one document, or a
// directory of documents. [Sources] says how each is written. Where several places can be asked they are compared,
// and a disagreement is a warning that names both values.
//
// An answer that could not be had is an error ([SourceError]), never an older answer in its place: the cache serves
// conditional requests, and answers by itself only with [Config.Offline], which the notes then say. One exception:
// a place that only adds dates and a second opinion (GitHub for Kubernetes markers, the Flatcar feed for "stable") turns
// into a warning when it fails, because the answer itself came fresh from the place that decides it.
package versions
