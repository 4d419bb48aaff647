-- Certificate profiles as people wrote them. The ready ones come with the server and are not here.
create table certificate_profile (
  name text primary key,
  yaml text not null,
  applied_at timestamptz not null
);
