package io.sallyport.enforcement;

import io.sallyport.enforcement.AddressBindings.AddressBinding;
import io.sallyport.enforcement.AddressBindings.Source;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "address_binding")
class AddressBindingRow {
  @Id
  UUID id;

  UUID device;
  String address;
  String segment;

  @Enumerated(EnumType.STRING)
  Source source;

  @Nullable
  UUID session;

  Instant since;
  Instant until;

  @Column(name = "withdrawn_at")
  @Nullable
  Instant withdrawnAt;

  @Column(name = "withdrawn_because")
  @Nullable
  String withdrawnBecause;

  @SuppressWarnings("NullAway.Init")
  protected AddressBindingRow() {}

  AddressBindingRow(AddressBinding binding) {
    this.id = binding.id();
    this.device = binding.device();
    this.address = binding.address();
    this.segment = binding.segment();
    this.source = binding.source();
    this.session = binding.session();
    this.since = binding.since();
    this.until = binding.until();
  }

  AddressBinding binding() {
    return new AddressBinding(
        id, device, address, segment, source, session, since, until, withdrawnAt, withdrawnBecause);
  }
}
