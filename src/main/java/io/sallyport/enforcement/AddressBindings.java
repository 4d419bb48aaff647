package io.sallyport.enforcement;

import io.sallyport.kernel.Actor;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which address stands for which device. A point that only sees addresses gets a grant only through a live binding; an
 * address in a segment stands for one device at a time. Facts are about subject type {@code device}.
 */
public interface AddressBindings {
  /** Who says so, the most trusted first. */
  enum Source {
    /** An operator. Never replaced by what the network says. */
    STATIC,
    /** Accounting of an authenticated 802.1X session. */
    ACCOUNTING,
    DHCP,
    OBSERVED;

    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /**
   * A binding.
   *
   * @param address an IP address in one spelling
   * @param segment the network in which the address counts; {@code default} where there is one only
   * @param session through which it was learnt, and with which it ends; null for none
   */
  record AddressBinding(
      UUID id,
      UUID device,
      String address,
      String segment,
      Source source,
      @Nullable UUID session,
      Instant since,
      Instant until,
      @Nullable Instant withdrawnAt,
      @Nullable String withdrawnBecause) {
    public boolean liveAt(Instant time) {
      return withdrawnAt == null && !time.isBefore(since) && time.isBefore(until);
    }
  }

  /**
   * Binds an address, or prolongs the binding that is there. Another device's live binding on the address is withdrawn as
   * a conflict; if that one comes from a more trusted source or is static, it stays and this is refused with
   * {@code address-conflict}.
   */
  AddressBinding bind(
      UUID device,
      String address,
      String segment,
      Source source,
      @Nullable UUID session,
      Instant until,
      Actor actor);

  /** Withdraws a binding, if it is live; idempotent. */
  void withdraw(UUID binding, String because, Actor actor);

  /** The device's live bindings. */
  List<AddressBinding> live(UUID device);

  /** The device's bindings, newest first. */
  List<AddressBinding> of(UUID device, int limit);

  /** Every live binding of a segment, or of all with null, after {@code cursor}, by id. */
  List<AddressBinding> after(@Nullable String segment, @Nullable UUID cursor, int limit);
}
