package s3

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// list looks all wanted keys up in listings, one for each group of keys.
func (b *bucket) list(ctx context.Context, all []wanted) answers {
	known := make(answers)
	for _, keys := range groups(all) {
		objects, err := b.listGroup(ctx, keys)
		if err != nil {
			err = fmt.Errorf("listing the bucket %s: %w", b.settings.Bucket, b.tidy(err))
		}
		for _, key := range keys {
			o, found := objects[key]
			switch {
			case found: // counts also if a later page could not be had
				known[key] = answer{object: &o}
			default:
				known[key] = answer{err: err}
			}
		}
	}
	return known
}

// groups puts the keys that begin with the same directory together, each group and all of them in the order of listings. What
// begins with another one has nothing to do with it, and may not even be allowed to be listed together.
func groups(all []wanted) [][]string {
	byRoot := make(map[string]map[string]bool)
	add := func(key string) {
		root, _, found := strings.Cut(key, "/")
		if !found {
			root = "" // objects at the top
		}
		if byRoot[root] == nil {
			byRoot[root] = make(map[string]bool)
		}
		byRoot[root][key] = true
	}
	for _, w := range all {
		add(w.key)
		if w.marker != "" {
			add(w.marker)
		}
	}
	var groups [][]string
	for _, root := range sortedKeys(byRoot) {
		groups = append(groups, sortedKeys(byRoot[root]))
	}
	return groups
}

// listGroup lists what the keys, which are sorted, have in common. S3 lists in the order of the keys' bytes
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html), so a page settles every wanted key up to its
// last one, and the next page may begin right before the next wanted key: there are at most as many requests as pages, and at
// most as many as wanted keys, however many images the bucket has gathered. What was found comes also beside an error.
func (b *bucket) listGroup(ctx context.Context, keys []string) (map[string]object, error) {
	found := make(map[string]object)
	prefix := common(keys[0], keys[len(keys)-1])
	var token string
	for after := ""; len(keys) > 0; {
		after = max(after, before(keys[0]))
		p, err := b.page(ctx, prefix, after, token)
		if err != nil {
			return found, err
		}
		maps.Copy(found, p.objects)
		if p.next == "" {
			break
		}
		token = ""
		if p.last == "" { // an empty page that is not the last one can only be passed with its token
			token = p.next
			continue
		}
		after = p.last
		settled := sort.Search(len(keys), func(i int) bool { return keys[i] > after })
		keys = keys[settled:]
	}
	return found, nil
}

// common is the longest common beginning, in whole characters, of the first and the last of sorted keys, and so of all of them.
func common(first, last string) string {
	n := 0
	for n < min(len(first), len(last)) && first[n] == last[n] {
		n++
	}
	for n > 0 && n < len(first) && !utf8.RuneStart(first[n]) {
		n--
	}
	return first[:n]
}

// before is a key that sorts before key, with few others in between: all but its last character.
func before(key string) string {
	_, n := utf8.DecodeLastRuneInString(key)
	return key[:len(key)-n]
}

// page gets one page of the keys after a key. A token, if there is one, says better than after where to go on.
func (b *bucket) page(ctx context.Context, prefix, after, token string) (page, error) {
	in := &s3.ListObjectsV2Input{
		Bucket: &b.settings.Bucket,
		Prefix: &prefix,
		// Any key in the bucket may have characters that XML can't hold.
		EncodingType: types.EncodingTypeUrl,
	}
	switch {
	case token != "":
		in.ContinuationToken = &token
	case after != "" && after >= prefix: // every key that begins with prefix comes after a beginning of it
		in.StartAfter = &after
	}
	out, err := b.client.ListObjectsV2(ctx, in)
	if err != nil {
		return page{}, err
	}
	return read(out, in, after)
}
