package clouddirector

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// pageSize is the most records that a page may have. A server may answer with fewer
// (https://docs.vmware.com/en/VMware-Cloud-Director/10.6/VMware-Cloud-Director-API-Programming-Guide/GUID-CDF04296-5EB5-47E1-9BEC-228837C584CE.html).
const pageSize = 128

const errChanged told = "it changed while it was being listed"

// records is one page of an answer of the query service. The SDK has types for it, but they take any page of XML for an answer
// without records, and an attribute that is missing for false or 0.
type records struct {
	XMLName  xml.Name `xml:"QueryResultRecords"`
	Total    *int     `xml:"total,attr"`
	Page     *int     `xml:"page,attr"`
	PageSize *int     `xml:"pageSize,attr"`

	Catalogs  []catalogRecord `xml:"CatalogRecord"`
	Templates []template      `xml:"VAppTemplateRecord"`
}

// catalogRecord is what is used of
// https://developer.broadcom.com/xapis/vmware-cloud-director-api/37.0/doc/types/QueryResultCatalogRecordType.html.
type catalogRecord struct {
	Name string `xml:"name,attr"`
	Org  string `xml:"orgName,attr"` // the name of the organisation that it belongs to
}

// template is what is used of
// https://developer.broadcom.com/xapis/vmware-cloud-director-api/37.0/doc/types/QueryResultVAppTemplateRecordType.html.
type template struct {
	Href    string `xml:"href,attr"`
	Name    string `xml:"name,attr"`
	Catalog string `xml:"catalogName,attr"`
	Org     string `xml:"org,attr"` // the address of the organisation that it belongs to
	Status  string `xml:"status,attr"`
	Created string `xml:"creationDate,attr"`
	Busy    bool   `xml:"isBusy,attr"`
	Expired bool   `xml:"isExpired,attr"`
	Enabled *bool  `xml:"isEnabled,attr"`
}

// query asks for all records of a type that have a value in an attribute, and hands over page by page; add returns how many
// records of the type there were. Comparisons ignore case and know wildcards, so that there may be more records than were meant.
func (s *session) query(ctx context.Context, kind, attribute, value string, add func(records) int) error {
	total, size := 0, pageSize
	for page := 1; page == 1 || (page-1)*size < total; page++ {
		r, err := s.page(ctx, kind, attribute+"=="+escape(value), page)
		if err != nil {
			return err
		}
		if page == 1 {
			total, size = *r.Total, *r.PageSize
		}
		// A record that goes while the pages are fetched moves those behind it, and one of them out of sight.
		if add(r) != min(size, total-(page-1)*size) {
			return errChanged
		}
	}
	return nil
}

// page fetches one page. One that isn't the answer to the question is an error.
func (s *session) page(ctx context.Context, kind, filter string, page int) (records, error) {
	client := &s.client.Client
	address := client.VCDHREF
	address.Path += "/query"
	// The filter goes unencoded, because == must not be encoded: its value already is.
	r := client.NewRequestWitNotEncodedParams(map[string]string{
		"type": kind, "format": "records", "page": strconv.Itoa(page), "pageSize": strconv.Itoa(pageSize),
	}, map[string]string{"filter": filter}, http.MethodGet, address, nil)
	resp, err := client.Http.Do(r.WithContext(ctx))
	if err != nil {
		return records{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return records{}, err
	}
	var answer records
	if xml.Unmarshal(body, &answer) != nil || !answer.complete(page) {
		return records{}, errNotUnderstood
	}
	return answer, nil
}

// complete tells whether the page has what an answer always has.
func (r records) complete(page int) bool {
	if r.Total == nil || *r.Total < 0 || r.PageSize == nil || *r.PageSize < 1 || r.Page == nil || *r.Page != page {
		return false
	}
	for _, c := range r.Catalogs {
		if c.Name == "" {
			return false
		}
	}
	for _, t := range r.Templates {
		if t.Name == "" || t.Href == "" || t.Catalog == "" {
			return false
		}
	}
	return true
}

// escape makes a value one for filters: a backslash takes the meaning from the characters that filters are made of, and what
// addresses are made of is encoded. There is no way to write an asterisk that isn't a wildcard.
func escape(value string) string {
	var b strings.Builder
	for _, c := range value {
		if strings.ContainsRune(`(),;\`, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return strings.ReplaceAll(url.QueryEscape(b.String()), "+", "%20")
}
