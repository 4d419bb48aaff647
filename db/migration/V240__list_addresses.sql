-- Under which addresses a list is to be had, as it says itself, in the order of the text; none is known of lists of before.
alter table crl add column addresses text not null default '';
