package clouds

import "strings"

// The versions that Fill puts images of, and what each shows.
const (
	BoxFlatcar = "3815.2.5"
	BoxTooling = "1.15.0"
)

// BoxKubernetes are the Kubernetes versions of the images that Fill puts: whole, incomplete, being made, broken, and not there.
func BoxKubernetes() []string { return []string{"1.29.0", "1.29.1", "1.29.2", "1.29.3", "1.29.4"} }

// boxRegions are those of images/giantswarm.yaml.
func boxRegions() []string {
	return []string{"eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-west-1"}
}

// Fill puts images into the box, so that a plan of the versions above has every finding in it. One region of China is out of
// order.
func (b *Box) Fill() {
	whole, incomplete, pending, failed := boxName("1.29.0"), boxName("1.29.1"), boxName("1.29.2"), boxName("1.29.3")
	b.fillAWS(whole, incomplete, pending, failed)
	b.fillAzure(whole, incomplete, pending, failed)
	for _, object := range []struct{ kubernetes, body string }{{"1.29.0", "an image"}, {"1.29.1", "an image"}, {"1.29.3", ""}} {
		stem := boxName(object.kubernetes) + "/flatcar-stable-" + BoxFlatcar + "-kube-v" + object.kubernetes
		b.S3.PutObject(boxBucket, "capv/"+stem+".ova", S3Object{Body: []byte(object.body)})
		b.S3.PutObject(boxBucket, "capmox/"+stem+".qcow2", S3Object{Body: []byte(object.body)})
	}
	for _, m := range []VirtualMachine{
		{Name: whole}, {Name: incomplete, Plain: true}, {Name: pending, Creating: true}, {Name: failed, Connection: "orphaned"},
	} {
		b.VSphere.AddMachine(boxFolder, m)
	}
	for _, t := range []VCDTemplate{{Name: whole}, {Name: pending, Status: "UNRESOLVED"}, {Name: failed, Status: "FAILED_CREATION"}} {
		b.VCD.AddTemplate(boxOrg, boxCatalog, t)
	}
}

func (b *Box) fillAWS(whole, incomplete, pending, failed string) {
	for i, region := range boxRegions() {
		b.addAMIs(region, whole, "available")
		if i < 6 {
			b.addAMIs(region, incomplete, "available")
		}
	}
	home := boxRegions()[0] // where they are built
	b.addAMIs(home, pending, "pending")
	b.addAMIs(home, failed, "failed")
	for _, region := range []string{"cn-north-1", "cn-northwest-1"} {
		b.EC2.AddImage(region, AMI{Name: whole, Owner: boxChinaAccount, Public: true})
	}
	b.EC2.Fail("cn-northwest-1", Unavailable)
}

// addAMIs puts the image for both architectures into a region.
func (b *Box) addAMIs(region, name, state string) {
	b.EC2.AddImage(region, AMI{Name: name, State: state, Public: true})
	arm64 := strings.TrimSuffix(name, "gs") + "arm64-gs"
	b.EC2.AddImage(region, AMI{Name: arm64, State: state, Architecture: "arm64", Public: true})
}

func (b *Box) fillAzure(whole, incomplete, pending, failed string) {
	replicas := func(states ...string) map[string]string {
		regions := []string{"West Europe", "North Europe", "Germany West Central", "East US", "West US 2"}
		m := make(map[string]string)
		for i, state := range states {
			m[regions[i]] = state
		}
		return m
	}
	done := "Completed"
	b.Azure.PutVersion(boxGallery, whole, AzureVersion{Name: BoxFlatcar, Regions: replicas(done, done, done, done, done)})
	b.Azure.PutVersion(boxGallery, incomplete, AzureVersion{Name: BoxFlatcar, Regions: replicas(done, done, done, "Failed")})
	b.Azure.PutVersion(boxGallery, pending, AzureVersion{Name: BoxFlatcar, State: "Creating"})
	b.Azure.PutVersion(boxGallery, failed, AzureVersion{Name: BoxFlatcar, State: "Failed"})
	b.Azure.PutDefinition(boxGallery, AzureDefinition{Name: boxName("1.29.4")}) // a build that failed leaves it without a version
}

func boxName(kubernetes string) string {
	return "flatcar-stable-" + BoxFlatcar + "-kube-" + kubernetes + "-tooling-" + BoxTooling + "-gs"
}
