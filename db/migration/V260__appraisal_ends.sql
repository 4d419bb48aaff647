-- Appraisals up to this time count no more: the device was transferred to a profile with reference values of its own.
create table appraisal_end (
  device uuid primary key,
  at timestamptz not null
);
