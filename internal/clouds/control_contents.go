package clouds

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// amiName is what EC2 takes as a name (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html, Name).
var amiName = regexp.MustCompile(`^[A-Za-z0-9()\[\] ./'@_-]{3,128}$`)

// newAMI is an AMI as it is put into regions.
type newAMI struct {
	Name         string
	Regions      []string
	Architecture string
	Owner        string
	State        string
	Public       bool
	Force        bool
}

func (n newAMI) check() error {
	var problems []error
	if !amiName.MatchString(n.Name) {
		problems = append(problems, fmt.Errorf("name is %q: want 3 to 128 characters that EC2 takes", n.Name))
	}
	if len(n.Regions) == 0 || slices.Contains(n.Regions, "") {
		problems = append(problems, fmt.Errorf("regions are %q: want at least one, and none that is empty", n.Regions))
	}
	return errors.Join(problems...)
}

// listedAMI is an AMI as it is told to others.
type listedAMI struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Owner        string    `json:"owner"`
	Architecture string    `json:"architecture"`
	State        string    `json:"state"`
	Public       bool      `json:"public"`
	Created      time.Time `json:"created"`
	Puts         int       `json:"puts"`
}

// putAMIs puts an AMI into all of its regions or, where one of them has the name, into none. It answers the IDs by region.
func (c *control) putAMIs(r *http.Request) (any, error) {
	var n newAMI
	if err := read(r, &n); err != nil {
		return nil, err
	}
	if err := n.check(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ec2 := c.box.EC2
	a := AMI{Name: n.Name, Architecture: n.Architecture, Owner: n.Owner, State: n.State, Public: n.Public}
	for _, region := range n.Regions {
		for _, old := range ec2.named(region, a) {
			if !n.Force {
				return nil, refuse(http.StatusConflict, "%s is used by %s in %s", n.Name, old, region)
			}
			ec2.RemoveImage(region, old)
		}
	}
	ids := map[string]string{}
	for _, region := range n.Regions {
		ids[region] = ec2.AddImage(region, a)
		c.count("ami", region, n.Name)
	}
	return ids, nil
}

func (c *control) amis(r *http.Request) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	query := r.URL.Query()
	if query.Get("owner") == "self" {
		query.Set("owner", c.box.EC2.config.Account)
	}
	wanted := func(field, value string) bool { return !query.Has(field) || query.Get(field) == value }
	all := map[string][]listedAMI{}
	for _, region := range c.box.EC2.regions() {
		for _, i := range c.box.EC2.region(region) {
			if wanted("region", region) && wanted("name", i.Name) && wanted("owner", i.Owner) {
				all[region] = append(all[region], listedAMI{
					ID: i.ID, Name: i.Name, Owner: i.Owner, Architecture: i.Architecture, State: i.State, Public: i.Public,
					Created: i.Created, Puts: c.counted("ami", region, i.Name),
				})
			}
		}
	}
	return all, nil
}

// listedObject is an S3 object as it is told to others.
type listedObject struct {
	Key  string `json:"key"`
	Size int    `json:"size"`
	Puts int    `json:"puts"`
}

func (c *control) putObject(r *http.Request) (any, error) {
	bucket, key := r.PathValue("bucket"), r.PathValue("key")
	if _, ok := c.box.S3.bucket(bucket); !ok || key == "" {
		return nil, refuse(http.StatusNotFound, "no bucket %q, or no key", bucket)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, s3MaxUpload))
	if err != nil {
		return nil, fmt.Errorf("reading the object: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.box.S3.PutObject(bucket, key, S3Object{Body: body})
	c.count("object", bucket, key)
	return listedObject{key, len(body), c.counted("object", bucket, key)}, nil
}

func (c *control) objects(*http.Request) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string][]listedObject{}
	for name, objects := range c.box.S3.contents() {
		for key, o := range objects {
			all[name] = append(all[name], listedObject{key, len(o.Body), c.counted("object", name, key)})
		}
		slices.SortFunc(all[name], func(a, b listedObject) int { return strings.Compare(a.Key, b.Key) })
	}
	return all, nil
}

// newMachine is a template as it is put into a folder of the vCenter.
type newMachine struct {
	Folder string
	Name   string
	Force  bool
}

func (c *control) putMachine(r *http.Request) (any, error) {
	var n newMachine
	if err := read(r, &n); err != nil {
		return nil, err
	}
	if parts := strings.Split(n.Folder, "/"); len(parts) < 3 || parts[0] != "" || parts[2] != "vm" || n.Name == "" {
		return nil, fmt.Errorf("folder is %q and name is %q: want a path like /dc/vm/templates, and a name", n.Folder, n.Name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.box.VSphere.has(n.Folder, n.Name) && !n.Force {
		return nil, refuse(http.StatusConflict, "%s is there already", n.Folder+"/"+n.Name)
	}
	c.box.VSphere.AddMachine(n.Folder, VirtualMachine{Name: n.Name})
	c.count("machine", n.Name)
	return struct{}{}, nil
}

// listedMachine is a machine of the vCenter as it is told to others.
type listedMachine struct {
	Name string `json:"name"`
	Puts int    `json:"puts"`
}

func (c *control) machines(*http.Request) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := []listedMachine{}
	for _, name := range c.box.VSphere.names() {
		all = append(all, listedMachine{name, c.counted("machine", name)})
	}
	return all, nil
}
