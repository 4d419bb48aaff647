-- The decision memory is loaded without devices that are merely expected, of which an import brings millions.
create index device_known on device (id) where state <> 'EXPECTED';
