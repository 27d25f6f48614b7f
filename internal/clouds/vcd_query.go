package clouds

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// vcdPageSize is the most records that a page may have
// (https://docs.vmware.com/en/VMware-Cloud-Director/10.6/VMware-Cloud-Director-API-Programming-Guide/GUID-CDF04296-5EB5-47E1-9BEC-228837C584CE.html).
const (
	vcdPageSize        = 128
	vcdDefaultPageSize = 25
)

// vcdRecord is one record of an answer: its attributes by name. What a record lacks has no entry.
type vcdRecord map[string]string

// MarshalXML writes the attributes in the order of their names.
func (r vcdRecord) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	for _, name := range slices.Sorted(maps.Keys(r)) {
		start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: name}, Value: r[name]})
	}
	return e.EncodeElement("", start)
}

// vcdRecords is an answer of the query service in records format
// (https://developer.broadcom.com/xapis/vmware-cloud-director-api/37.0/doc/types/QueryResultRecordsType.html).
type vcdRecords struct {
	XMLName   xml.Name    `xml:"http://www.vmware.com/vcloud/v1.5 QueryResultRecords"`
	Total     int         `xml:"total,attr"`
	PageSize  int         `xml:"pageSize,attr"`
	Page      int         `xml:"page,attr"`
	Name      string      `xml:"name,attr"`
	Catalogs  []vcdRecord `xml:"CatalogRecord,omitempty"`
	Templates []vcdRecord `xml:"VAppTemplateRecord,omitempty"`
}

// query answers GET /api/query.
func (v *VCD) query(w http.ResponseWriter, r *http.Request) error {
	org, err := v.authorize(r)
	if err != nil {
		return err
	}
	q, err := parseVCDQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	var all []vcdRecord
	switch q.kind {
	case "catalog":
		all = v.catalogRecords(vcdBase(r), org)
	case "vAppTemplate":
		all = v.templateRecords(vcdBase(r), org)
	}
	all = slices.DeleteFunc(all, func(r vcdRecord) bool { return !q.filter.matches(r) })
	size := min(q.pageSize, v.config.PageLimit)
	answer := vcdRecords{Total: len(all), PageSize: size, Page: q.page, Name: q.kind}
	begin := min((q.page-1)*size, len(all))
	page := all[begin:min(begin+size, len(all))]
	if q.kind == "catalog" {
		answer.Catalogs = page
	} else {
		answer.Templates = page
	}
	return writeVCD(w, http.StatusOK, answer)
}

// vcdQuery is a decoded query.
type vcdQuery struct {
	kind           string
	page, pageSize int
	filter         vcdFilter
}

// parseVCDQuery decodes and checks the parameters of a query. Those that are documented but not served here are refused like
// those that nobody knows, so that no client is served less than it asks for.
func parseVCDQuery(raw string) (vcdQuery, error) {
	params, err := parseVCDParams(raw)
	if err != nil {
		return vcdQuery{}, err
	}
	known := []string{"type", "format", "page", "pageSize", "filter"}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !slices.Contains(known, name) || len(params[name]) > 1 {
			return vcdQuery{}, vcdBadRequest("The parameter %q is not valid.", name)
		}
	}
	q := vcdQuery{kind: params.Get("type")}
	attributes, ok := vcdAttributes[q.kind]
	switch {
	case !ok:
		return q, vcdBadRequest("The query type %q is not valid.", q.kind)
	case params.Has("format") && params.Get("format") != "records":
		return q, vcdBadRequest("The format %q is not valid.", params.Get("format"))
	}
	if q.filter, err = parseVCDFilter(params.Get("filter"), attributes); err != nil {
		return q, err
	}
	if q.page, err = vcdNumber(params, "page", 1); err != nil {
		return q, err
	}
	q.pageSize, err = vcdNumber(params, "pageSize", vcdDefaultPageSize)
	return q, err
}

// parseVCDParams decodes a query. net/url drops parameters that hold a semicolon, which filters do.
func parseVCDParams(raw string) (url.Values, error) {
	params := url.Values{}
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		decoded, err := url.QueryUnescape(value)
		if err != nil {
			return params, vcdBadRequest("The parameter %q is not valid.", name)
		}
		params.Add(name, decoded)
	}
	return params, nil
}

func vcdNumber(params url.Values, name string, def int) (int, error) {
	if !params.Has(name) {
		return def, nil
	}
	n, err := strconv.Atoi(params.Get(name))
	if err != nil || n < 1 {
		return 0, vcdBadRequest("The value %q is not valid for the parameter %q.", params.Get(name), name)
	}
	return n, nil
}

// vcdAttributes are the attributes of the records of each query type, as far as this server has them, in API version 37.0.
// See https://developer.broadcom.com/xapis/vmware-cloud-director-api/37.0/doc/types/QueryResultCatalogRecordType.html and
// https://developer.broadcom.com/xapis/vmware-cloud-director-api/37.0/doc/types/QueryResultVAppTemplateRecordType.html
var vcdAttributes = map[string][]string{
	"catalog": {"href", "name", "orgName", "isShared", "isLocal", "numberOfVAppTemplates"},
	"vAppTemplate": {
		"href", "name", "catalogName", "org", "status", "isBusy", "isEnabled", "isExpired", "isDeployed", "creationDate",
	},
}

// catalogRecords are the catalogs that an organisation sees: its own, and what others share with it.
func (v *VCD) catalogRecords(base, org string) []vcdRecord {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []vcdRecord
	for _, c := range v.visible(org) {
		all = append(all, vcdRecord{
			"href": base + "/api/catalog/" + c.id, "name": c.name, "orgName": c.org, "isShared": strconv.FormatBool(len(c.sharedWith) > 0),
			"isLocal": "true", "numberOfVAppTemplates": strconv.Itoa(len(c.templates)),
		})
	}
	return all
}

// templateRecords are the vApp templates in the catalogs that an organisation sees.
func (v *VCD) templateRecords(base, org string) []vcdRecord {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []vcdRecord
	for _, c := range v.visible(org) {
		for _, t := range c.templates {
			r := vcdRecord{
				"href": base + "/api/vAppTemplate/vappTemplate-" + t.ID, "name": t.Name, "catalogName": c.name,
				"org": base + "/api/org/" + v.orgs[c.org].id, "status": t.Status, "isBusy": strconv.FormatBool(t.Busy),
				"isEnabled": strconv.FormatBool(!t.Disabled), "isExpired": strconv.FormatBool(t.Expired), "isDeployed": "false",
				"creationDate": t.Created.UTC().Format("2006-01-02T15:04:05.000Z"),
			}
			if t.Status == "-" {
				delete(r, "status")
			}
			all = append(all, r)
		}
	}
	return all
}

// visible are the catalogs that an organisation sees. The caller holds the lock.
func (v *VCD) visible(org string) []*vcdCatalog {
	var all []*vcdCatalog
	for _, c := range v.catalogs {
		if c.org == org || slices.Contains(c.sharedWith, org) {
			all = append(all, c)
		}
	}
	return all
}
