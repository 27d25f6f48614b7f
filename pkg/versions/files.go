package versions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
)

var errNotRecognised = errors.New("it has none of the forms that are known for it")

// parser adds what a document says to a catalog. It returns false for a document of another kind, and an error for one
// that is broken.
type parser func(c *catalog, d document, channel string) (bool, error)

// documentSource is a single document at a URL.
type documentSource struct {
	web     *web
	subject Subject
	url     string
	parse   parser
}

func (s documentSource) load(ctx context.Context, channel string, _ []term) (*catalog, error) {
	d, err := s.web.get(ctx, string(s.subject)+" source", s.url)
	if err != nil {
		return nil, err
	}
	c := newCatalog(s.url)
	if err := addDocument(c, s.subject, s.parse, d, channel); err != nil {
		return nil, err
	}
	c.settle(s.subject)
	return c, nil
}

// fileSource is a file, or a directory of files if wanted says which of them to read.
type fileSource struct {
	subject Subject
	path    string
	parse   parser
	wanted  func(name string) bool   // nil: no directory
	ignored func(name string) string // why a file is left aside; nil: none is
}

func (s fileSource) load(ctx context.Context, channel string, _ []term) (*catalog, error) {
	if err := ctx.Err(); err != nil {
		return nil, s.fail(s.path, inWords(err))
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return nil, s.fail(s.path, pathCause(err))
	}
	c := newCatalog(s.path)
	if info.IsDir() {
		err = s.loadDirectory(c, channel)
	} else {
		err = s.loadFile(c, channel)
	}
	if err != nil {
		return nil, err
	}
	c.settle(s.subject)
	return c, nil
}

func (s fileSource) fail(place string, err error) error {
	return &SourceError{Source: string(s.subject) + " source", URL: place, Err: err}
}

func (s fileSource) loadFile(c *catalog, channel string) error {
	d, err := readDocument(s.path)
	if err != nil {
		return s.fail(s.path, err)
	}
	return addDocument(c, s.subject, s.parse, d, channel)
}

// loadDirectory reads every file whose name is of a known form. One that is broken is an error: half a file must not
// pass for an old state. One of another kind is left aside with a note.
func (s fileSource) loadDirectory(c *catalog, channel string) error {
	if s.wanted == nil {
		return s.fail(s.path, errors.New("it is a directory, not a file"))
	}
	entries, err := os.ReadDir(s.path)
	if err != nil {
		return s.fail(s.path, pathCause(err))
	}
	used := 0
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		recognised, err := s.loadEntry(c, entry.Name(), channel)
		if err != nil {
			return err
		}
		if recognised {
			used++
		}
	}
	if used == 0 {
		return s.fail(s.path, errNotRecognised)
	}
	return nil
}

func (s fileSource) loadEntry(c *catalog, name, channel string) (bool, error) {
	place := filepath.Join(s.path, name)
	if s.ignored != nil && s.ignored(name) != "" {
		c.notes = append(c.notes, fmt.Sprintf("%s is not used: %s", place, s.ignored(name)))
		return false, nil
	}
	if !s.wanted(name) {
		return false, nil
	}
	d, err := readDocument(place)
	if err != nil {
		return false, s.fail(place, err)
	}
	recognised, err := s.parse(c, d, channel)
	if err != nil {
		return false, s.fail(place, err)
	}
	if !recognised {
		c.notes = append(c.notes, place+" is not used: "+errNotRecognised.Error())
	}
	return recognised, nil
}

func addDocument(c *catalog, subject Subject, parse parser, d document, channel string) error {
	recognised, err := parse(c, d, channel)
	if err == nil && !recognised {
		err = errNotRecognised
	}
	if err != nil {
		return &SourceError{Source: string(subject) + " source", URL: d.place, Err: err}
	}
	return nil
}

// settle compares what the documents of a subject say.
func (c *catalog) settle(subject Subject) {
	if subject != Flatcar {
		c.compareSources()
		return
	}
	if c.current == nil && len(c.facts) > 0 {
		c.notes = append(c.notes, c.place+": the release feed alone was consulted, which can be behind the release server")
	}
	c.settleCurrent()
}

func readDocument(place string) (document, error) {
	file, err := os.Open(place)
	if err != nil {
		return document{}, pathCause(err)
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxBody+1))
	switch {
	case err != nil:
		return document{}, pathCause(err)
	case len(data) > maxBody:
		return document{}, fmt.Errorf("it has more than %d MiB", maxBody>>20)
	}
	return document{place: place, name: filepath.Base(place), data: data}, nil
}

// pathCause drops the path, which a SourceError names already.
func pathCause(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// baseName gives the last part of a URL's path.
func baseName(place string) string {
	u, err := url.Parse(place)
	if err != nil {
		return ""
	}
	return path.Base(u.Path)
}

// jsonError says in few words that a document is not the JSON it should be: a web page, or half of it.
func jsonError(err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("it is not whole JSON, at byte %d: %w", e.Offset, err)
	}
	return fmt.Errorf("it is not the JSON that was expected: %w", err)
}
