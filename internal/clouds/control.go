package clouds

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// control changes what a box holds and tells it how to behave.
type control struct {
	box *Box

	mu   sync.Mutex
	puts map[string]int // how often something was put, by its place and name
}

// Control returns a server by which other processes put images into the box and let it fail, as the box's methods do for tests in
// this process. Bodies are JSON, but for those of objects; a refusal has its reasons in the field error. Its first answer means
// that the clouds answer too.
//
//	GET  /ready                                            200
//	GET  /environment                                      what clients must have: {"environment": {name: value}, "files": {name: content}}
//	POST /amis                                             {"name", "regions": […], "architecture", "owner", "state", "public", "force"}
//	GET  /amis?region=R&name=N&owner=O                     {region: [{"id", "name", "owner", "architecture", "state", "public", "created", "puts"}]}
//	POST /objects/BUCKET/KEY                               the content
//	GET  /objects                                          {bucket: [{"key", "size", "puts"}]}
//	POST /machines                                         {"folder", "name", "force"}
//	GET  /machines                                         [{"name", "puts"}]
//	POST /faults                                           {"cloud", "location", "fault", "from"}
//	POST /latency                                          {"latency": "200ms"}
//	GET  /requests?cloud=C&location=L                      {cloud: [{"location", "operation", "params", "fault"}]}
//	POST /clear                                            takes everything back
//
// An AMI needs a name and regions; what else is left out is as [AMI] says. A name that the owner has in one of the regions is
// refused (409) and nothing is put, unless force deregisters what has it; Packer's amazon builder looks in the region that it builds
// in only. A machine's name is refused in the same way in its folder. puts is how often this server put a name into that place, for
// machines into any folder. A cloud is a provider's type (aws, azure, s3, vsphere, cloud-director), a location that of
// [Behaviour.Fail], a fault one of Faults or "", which heals; from 3 means that the third request from now is the first to fail.
// Queries are optional; the owner self is the account of the box. Clear takes AMIs, objects and machines away, forgets puts and
// requests, heals all faults and sets the latency to zero; what Azure and Cloud Director hold stays.
func (b *Box) Control() http.Handler {
	c := &control{box: b, puts: map[string]int{}}
	mux := http.NewServeMux()
	for pattern, answer := range map[string]func(*http.Request) (any, error){
		"GET /ready":                      func(*http.Request) (any, error) { return struct{}{}, nil },
		"GET /environment":                c.clientSettings,
		"GET /amis":                       c.amis,
		"POST /amis":                      c.putAMIs,
		"GET /objects":                    c.objects,
		"POST /objects/{bucket}/{key...}": c.putObject,
		"GET /machines":                   c.machines,
		"POST /machines":                  c.putMachine,
		"GET /requests":                   c.requests,
		"POST /faults":                    c.fail,
		"POST /latency":                   c.latency,
		"POST /clear":                     c.clear,
	} {
		mux.HandleFunc(pattern, reply(answer))
	}
	return mux
}

// refusal is an error with the status that it is answered with.
type refusal struct {
	status int
	error
}

func refuse(status int, format string, args ...any) error {
	return refusal{status, fmt.Errorf(format, args...)}
}

// reply answers what a function returns, as JSON.
func reply(answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := answer(r)
		status := http.StatusOK
		if err != nil {
			status, body = http.StatusBadRequest, map[string]string{"error": err.Error()}
			if known, ok := errors.AsType[refusal](err); ok {
				status = known.status
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // a client that is gone needs no more
	}
}

// read decodes a request strictly.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	return nil
}

func (c *control) clientSettings(*http.Request) (any, error) {
	return map[string]map[string]string{"environment": c.box.environment, "files": c.box.Files()}, nil
}

type toldFault struct {
	Cloud    string
	Location string
	Fault    Fault
	From     int
}

func (c *control) fail(r *http.Request) (any, error) {
	told := toldFault{From: 1}
	if err := read(r, &told); err != nil {
		return nil, err
	}
	behaviour, ok := c.box.behaviours()[told.Cloud]
	var problems []error
	if !ok {
		problems = append(problems, fmt.Errorf("cloud is %q, which is not in the box", told.Cloud))
	}
	if told.Fault != None && !slices.Contains(Faults(), told.Fault) {
		problems = append(problems, fmt.Errorf("fault is %q, but there are %q", told.Fault, Faults()))
	}
	if told.From < 1 {
		problems = append(problems, fmt.Errorf("from is %d, but the next request is 1", told.From))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	behaviour.FailFrom(told.Location, told.From, told.Fault)
	return struct{}{}, nil
}

func (c *control) latency(r *http.Request) (any, error) {
	var told struct{ Latency string }
	if err := read(r, &told); err != nil {
		return nil, err
	}
	d, err := time.ParseDuration(told.Latency)
	if err != nil || d < 0 {
		return nil, fmt.Errorf("latency is %q: want a duration such as 200ms", told.Latency)
	}
	c.box.Latency(d)
	return struct{}{}, nil
}

// received is a Request as it is told to others.
type received struct {
	Location  string     `json:"location"`
	Operation string     `json:"operation"`
	Params    url.Values `json:"params"`
	Fault     Fault      `json:"fault"`
}

func (c *control) requests(r *http.Request) (any, error) {
	query := r.URL.Query()
	all := map[string][]received{}
	for cloud, behaviour := range c.box.behaviours() {
		if query.Has("cloud") && query.Get("cloud") != cloud {
			continue
		}
		all[cloud] = []received{}
		for _, request := range behaviour.Requests(query["location"]...) {
			all[cloud] = append(all[cloud], received(request))
		}
	}
	return all, nil
}

// count notes that something was put. The caller holds the lock.
func (c *control) count(place ...string) { c.puts[strings.Join(place, "\n")]++ }

// counted is how often something was put. The caller holds the lock.
func (c *control) counted(place ...string) int { return c.puts[strings.Join(place, "\n")] }

func (c *control) clear(*http.Request) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.puts = map[string]int{}
	c.box.EC2.removeAll()
	c.box.S3.removeAll()
	c.box.VSphere.removeAll()
	for _, behaviour := range c.box.behaviours() {
		behaviour.Reset()
	}
	return struct{}{}, nil
}
