package s3

import (
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// judge makes a finding of what is known about an image's keys. S3 shows an object only when all of it has arrived
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel), so what is there without a byte was
// broken before, and without its marker the rest of the upload is still to come.
// The error is why the finding is unknown.
func (b *bucket) judge(w wanted, known answers) (inventory.Finding, error) {
	finding := inventory.Finding{Location: b.settings.Bucket, Notes: []string{}}
	object, marker := known[w.key], known[w.marker]
	state, note, err := inventory.Absent, "", object.err
	if object.object != nil {
		finding.ID, finding.Created = b.uri(w.key), inventory.Time(object.object.modified)
		state, note, err = b.judgeObject(w, object.object, marker)
	} else if marker.object != nil {
		note = "its marker " + b.uri(w.marker) + " is there without it"
	}
	if err != nil {
		state, note = inventory.Unknown, err.Error()
	}
	finding.State = state
	if note != "" {
		finding.Notes = append(finding.Notes, note)
	}
	return finding, err
}

// judgeObject tells the state of an image whose object is there.
func (b *bucket) judgeObject(w wanted, o *object, marker answer) (state inventory.State, note string, err error) {
	switch {
	case o.size == 0:
		return inventory.Failed, "has 0 bytes", nil
	case archived(o.class):
		return inventory.Failed, "is archived (" + o.class + "): consumers can't download it", nil
	case w.marker == "":
		return inventory.Present, "", nil
	case marker.err != nil:
		return inventory.Unknown, "", marker.err
	case marker.object == nil:
		return inventory.Pending, "waits for its marker " + b.uri(w.marker), nil
	case marker.object.size == 0:
		return inventory.Pending, "waits for its marker " + b.uri(w.marker) + ", which has 0 bytes", nil
	}
	return inventory.Present, "", nil
}

func (b *bucket) uri(key string) string { return "s3://" + b.settings.Bucket + "/" + key }

// archived tells whether objects of a storage class must be restored before anybody can read them
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html#sc-glacier).
func archived(class string) bool {
	switch types.StorageClass(class) {
	case types.StorageClassGlacier, types.StorageClassDeepArchive:
		return true
	}
	return false
}
