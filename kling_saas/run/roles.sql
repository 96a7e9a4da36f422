-- The two roles of the database, for the embedded server and for production alike.
-- Fill in {owner}, {app}, {owner_password} and {app_password}, quoted as SQL wants them.
-- The application role owns nothing and bypasses nothing, so row-level security binds it.
CREATE ROLE {owner} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {owner_password};
CREATE ROLE {app} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {app_password};
