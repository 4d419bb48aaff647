package io.sallyport.enrollment;

import io.sallyport.enrollment.FirstContacts.Act;
import io.sallyport.enrollment.FirstContacts.ContactPolicy;
import io.sallyport.enrollment.FirstContacts.Terms;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "contact_policy")
class ContactPolicyRow {
  @Id
  String manufacturer;

  @Enumerated(EnumType.STRING)
  Act listed = Act.REJECT;

  @Enumerated(EnumType.STRING)
  Act unlisted = Act.REJECT;

  @Nullable
  String model;

  @Nullable
  String profile;

  @Nullable
  String owner;

  @Nullable
  String site;

  @SuppressWarnings("NullAway.Init")
  protected ContactPolicyRow() {}

  ContactPolicyRow(String manufacturer) {
    this.manufacturer = manufacturer;
  }

  void take(ContactPolicy policy) {
    listed = policy.listed();
    unlisted = policy.unlisted();
    model = policy.terms().model();
    profile = policy.terms().profile();
    owner = policy.terms().owner();
    site = policy.terms().site();
  }

  ContactPolicy policy() {
    return new ContactPolicy(listed, unlisted, new Terms(model, profile, owner, site));
  }
}
