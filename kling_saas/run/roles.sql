-- The two roles of the database, for the embedded server and for production alike.
-- psql variables or str.format fields: owner, app, owner_password, app_password, database.
-- The application role owns nothing and bypasses nothing, so row-level security binds it.
CREATE ROLE {owner} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {owner_password};
CREATE ROLE {app} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {app_password};
