package hooks

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	triggersv1alpha1 "github.com/tektoncd/triggers/pkg/apis/triggers/v1alpha1"
	triggersv1beta1 "github.com/tektoncd/triggers/pkg/apis/triggers/v1beta1"
	clusterinterceptors "github.com/tektoncd/triggers/pkg/client/injection/informers/triggers/v1alpha1/clusterinterceptor"
	namespacedinterceptors "github.com/tektoncd/triggers/pkg/client/injection/informers/triggers/v1alpha1/interceptor"
	clustertriggerbindings "github.com/tektoncd/triggers/pkg/client/injection/informers/triggers/v1beta1/clustertriggerbinding"
	eventlisteners "github.com/tektoncd/triggers/pkg/client/injection/informers/triggers/v1beta1/eventlistener"
	"github.com/tektoncd/triggers/pkg/client/injection/informers/triggers/v1beta1/trigger"
	triggerbindings "github.com/tektoncd/triggers/pkg/client/injection/informers/triggers/v1beta1/triggerbinding"
	triggertemplates "github.com/tektoncd/triggers/pkg/client/injection/informers/triggers/v1beta1/triggertemplate"
	"github.com/tektoncd/triggers/pkg/interceptors"
	"github.com/tektoncd/triggers/pkg/interceptors/server"
	"github.com/tektoncd/triggers/pkg/sink"
	triggerstest "github.com/tektoncd/triggers/test"
	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	fakedynamic "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes"
	"knative.dev/pkg/apis"
	"knative.dev/pkg/controller"
)

// listener is the event listener of tekton/triggers, in a namespace of a cluster that is made up by fake clients.
type listener struct {
	sink    sink.Sink
	dynamic *fakedynamic.FakeDynamicClient
}

func newListener(t *testing.T) listener {
	t.Helper()
	ctx, _ := triggerstest.SetupFakeContext(t)
	clients := triggerstest.SeedResources(t, ctx, installed(t))
	for _, list := range clients.Kube.Resources { // the fake cluster lacks this kind
		if list.GroupVersion == pipelineRuns.GroupVersion().String() {
			list.APIResources = append(list.APIResources, metav1.APIResource{
				Name: "pipelineruns", Kind: "PipelineRun", Group: "tekton.dev", Version: "v1", Namespaced: true,
			})
		}
	}
	recorder, err := sink.NewRecorder()
	if err != nil {
		t.Fatal(err)
	}
	dynamic := fakedynamic.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
		map[schema.GroupVersionResource]string{pipelineRuns: "PipelineRunList"})
	return listener{dynamic: dynamic, sink: sink.Sink{
		EventListenerName:           "node-images",
		EventListenerNamespace:      namespace,
		KubeClientSet:               clients.Kube,
		TriggersClient:              clients.Triggers,
		DiscoveryClient:             clients.Kube.Discovery(),
		DynamicClient:               dynamic,
		HTTPClient:                  interceptorClient(t, clients.Kube),
		Logger:                      zap.NewNop().Sugar(),
		Recorder:                    recorder,
		Auth:                        sink.DefaultAuthOverride{},
		PayloadValidation:           true,
		WGProcessTriggers:           &sync.WaitGroup{},
		EventRecorder:               controller.GetEventRecorder(ctx),
		EventListenerLister:         eventlisteners.Get(ctx).Lister(),
		TriggerLister:               trigger.Get(ctx).Lister(),
		TriggerBindingLister:        triggerbindings.Get(ctx).Lister(),
		ClusterTriggerBindingLister: clustertriggerbindings.Get(ctx).Lister(),
		TriggerTemplateLister:       triggertemplates.Get(ctx).Lister(),
		ClusterInterceptorLister:    clusterinterceptors.Get(ctx).Lister(),
		InterceptorLister:           namespacedinterceptors.Get(ctx).Lister(),
	}}
}

// installed are the manifests in tekton/triggers, the webhook's secret, and the interceptors of Tekton Triggers.
func installed(t *testing.T) triggerstest.Resources {
	t.Helper()
	var el triggersv1beta1.EventListener
	var binding triggersv1beta1.TriggerBinding
	var template triggersv1beta1.TriggerTemplate
	load(t, "../../triggers/eventlistener.yaml", &el)
	load(t, "../../triggers/triggerbinding.yaml", &binding)
	load(t, "../../triggers/triggertemplate.yaml", &template)
	el.Namespace, binding.Namespace, template.Namespace = namespace, namespace, namespace
	return triggerstest.Resources{
		Namespaces:       []*corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: namespace}}},
		EventListeners:   []*triggersv1beta1.EventListener{&el},
		TriggerBindings:  []*triggersv1beta1.TriggerBinding{&binding},
		TriggerTemplates: []*triggersv1beta1.TriggerTemplate{&template},
		Secrets: []*corev1.Secret{{
			ObjectMeta: metav1.ObjectMeta{Name: "node-images-webhook", Namespace: namespace},
			Data:       map[string][]byte{"secret": []byte(secret)},
		}},
		ClusterInterceptors: []*triggersv1alpha1.ClusterInterceptor{interceptor("github"), interceptor("cel")},
	}
}

func interceptor(name string) *triggersv1alpha1.ClusterInterceptor {
	return &triggersv1alpha1.ClusterInterceptor{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: triggersv1alpha1.ClusterInterceptorSpec{ClientConfig: triggersv1alpha1.ClientConfig{
			URL: &apis.URL{Scheme: "http", Host: interceptors.CoreInterceptorsHost, Path: "/" + name},
		}},
	}
}

// interceptorClient reaches the real interceptors whatever host it is to reach.
func interceptorClient(t *testing.T, kube kubernetes.Interface) *http.Client {
	t.Helper()
	handler, err := server.NewWithCoreInterceptors(interceptors.DefaultSecretGetter(kube.CoreV1()), zap.NewNop().Sugar())
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(handler)
	t.Cleanup(served.Close)
	address, err := url.Parse(served.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(address)}}
}
