package test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// newCluster serves Release resources as a Kubernetes API server does: discovery of the group, and each resource by name. A
// name in forbidden is answered as role-based access control does.
func newCluster(t *testing.T, forbidden string, releases ...map[string]any) *rest.Config {
	t.Helper()
	mux := http.NewServeMux()
	const group = "/apis/release.giantswarm.io/v1alpha1"
	mux.HandleFunc("GET "+group, func(w http.ResponseWriter, _ *http.Request) {
		answer(t, w, http.StatusOK, metav1.APIResourceList{
			TypeMeta:     metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"},
			GroupVersion: "release.giantswarm.io/v1alpha1",
			APIResources: []metav1.APIResource{{Name: "releases", SingularName: "release", Kind: "Release", Verbs: metav1.Verbs{"get", "list"}}},
		})
	})
	mux.HandleFunc("GET "+group+"/releases/{name}", func(w http.ResponseWriter, r *http.Request) {
		wanted := r.PathValue("name")
		if wanted == forbidden {
			answer(t, w, http.StatusForbidden, status(http.StatusForbidden, metav1.StatusReasonForbidden))
			return
		}
		for _, release := range releases {
			if at(release, "metadata", "name") == wanted {
				answer(t, w, http.StatusOK, release)
				return
			}
		}
		answer(t, w, http.StatusNotFound, status(http.StatusNotFound, metav1.StatusReasonNotFound))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return &rest.Config{Host: server.URL}
}

func status(code int32, reason metav1.StatusReason) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure,
		Code: code, Reason: reason, Message: "releases.release.giantswarm.io: " + string(reason),
	}
}

func answer(t *testing.T, w http.ResponseWriter, code int, body any) {
	t.Helper()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		t.Error(err)
	}
}
