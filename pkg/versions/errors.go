package versions

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// InputError says what is wrong with a query or a configuration, everything at once and in the words of the person who
// wrote it. Asking again brings the same answer until the input changes: exit status 2.
type InputError struct {
	// Problems holds at least one sentence without a final full stop. None names a flag or a field: the caller knows it.
	Problems []string
}

func (e *InputError) Error() string { return strings.Join(e.Problems, "; ") }

// SourceError says that a source could not be had, so that nothing is known: exit status 3.
type SourceError struct {
	// Source is what was asked, for people: "flatcar release feed".
	Source string
	// URL is where, or the path of a file.
	URL string
	// RetryAt is when the source said that it will answer again; zero if it did not say.
	RetryAt time.Time
	// Err is the cause. Its text has no resolver and no ports of this machine in it, so that it is the same every time.
	Err error
}

func (e *SourceError) Error() string { return fmt.Sprintf("%s (%s): %v", e.Source, e.URL, e.Err) }

// Unwrap gives the cause, so that context.Canceled and the like can be told with errors.Is.
func (e *SourceError) Unwrap() error { return e.Err }

// statusError is an answer of HTTP that is not the document asked for.
type statusError struct {
	code   int
	detail string
	cause  error
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("status %d %s", e.code, http.StatusText(e.code))
	if e.detail != "" {
		text += ": " + e.detail
	}
	return text
}

func (e *statusError) Unwrap() error { return e.cause }
