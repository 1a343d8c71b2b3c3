/**
 * One statement that tells a schema's objects from the catalogue of any PostgreSQL from 14 on, in the same words. It
 * takes the schemas' names, and the group roles' names and what they are for.
 *
 * Tuning is left out (storage parameters, statistics, tablespaces), and so is what a later version added to the
 * catalogue without anybody changing anything.
 */

/** The role's part in the ledger, so that nothing depends on the database's name. */
const roleName = (oid: string): string =>
  `(SELECT named.name FROM role_names AS named WHERE named.oid = ${oid})`;

/** An owner's own MAINTAIN came with PostgreSQL 17. */
const rights = (acl: string, kind: string, owner: string): string => `(
    SELECT coalesce(string_agg(r.line, '; ' ORDER BY r.line COLLATE "C"), 'nobody') FROM (
      SELECT coalesce(${roleName('a.grantee')}, 'PUBLIC') || ' ' || string_agg(
        a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ',' ORDER BY a.privilege_type COLLATE "C"
      ) AS line
      FROM aclexplode(coalesce(${acl}, acldefault('${kind}', ${owner}))) AS a
      WHERE NOT (a.privilege_type = 'MAINTAIN' AND a.grantee = ${owner})
      GROUP BY a.grantee
    ) AS r
  )`;

const SCHEMAS = `
  SELECT 'schema ' || s.name, format('owner %s; rights %s',
    ${roleName('n.nspowner')}, ${rights('n.nspacl', 'n', 'n.nspowner')})
  FROM schemas AS s JOIN pg_namespace AS n ON n.oid = s.oid`;

/** Where relhasindex or relhastriggers is false, the server looks for none. */
const RELATIONS = `
  SELECT 'relation ' || r.name, format(
    'kind %s; persistence %s; owner %s; indexes %s; triggers %s; row security %s/%s; rights %s',
    c.relkind, c.relpersistence, ${roleName('c.relowner')}, c.relhasindex, c.relhastriggers,
    c.relrowsecurity, c.relforcerowsecurity, ${rights('c.relacl', 'r', 'c.relowner')})
  FROM relations AS r JOIN pg_class AS c ON c.oid = r.oid WHERE c.relkind NOT IN ('i', 'I')`;

const COLUMNS = `
  SELECT format('column %s.%s', r.name, quote_ident(a.attname)), concat_ws(' ',
    format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attcollation NOT IN (0, t.typcollation) THEN 'COLLATE ' || a.attcollation::regcollation END,
    CASE WHEN a.attnotnull THEN 'NOT NULL' END,
    CASE WHEN a.attidentity <> '' THEN 'IDENTITY ' || a.attidentity::text END,
    CASE WHEN a.attgenerated <> '' THEN 'GENERATED ' || a.attgenerated::text END,
    'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid),
    CASE WHEN a.attacl IS NOT NULL THEN 'RIGHTS ' || ${rights('a.attacl', 'c', 'c.relowner')} END)
  FROM relations AS r
  JOIN pg_class AS c ON c.oid = r.oid AND c.relkind NOT IN ('i', 'I')
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum`;

/** NOT NULL is in the columns; PostgreSQL 18 lists it as a constraint as well. */
const CONSTRAINTS = `
  SELECT format('constraint %s %s', r.name, quote_ident(k.conname)),
    format('%s; validated %s', pg_get_constraintdef(k.oid), k.convalidated)
  FROM relations AS r JOIN pg_constraint AS k ON k.conrelid = r.oid WHERE k.contype NOT IN ('n', 't')`;

const INDEXES = `
  SELECT 'index ' || r.name, format('%s; valid %s; ready %s; live %s',
    pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indislive)
  FROM relations AS r JOIN pg_index AS i ON i.indexrelid = r.oid`;

/** Those that are marked as internal too: anybody can mark a trigger so, and the ledger has no foreign keys. */
const TRIGGERS = `
  SELECT format('trigger %s %s', r.name, quote_ident(g.tgname)),
    format('%s; enabled %s', pg_get_triggerdef(g.oid), g.tgenabled)
  FROM relations AS r JOIN pg_trigger AS g ON g.tgrelid = r.oid`;

const FUNCTIONS = `
  SELECT 'function ' || p.oid::regprocedure,
    format(
      'kind %s; returns %s; language %s; %s; parallel %s; leakproof %s; definer %s; strict %s; settings %s; owner %s; '
        'rights %s; body %s',
      p.prokind, pg_get_function_result(p.oid), l.lanname, p.provolatile, p.proparallel, p.proleakproof,
      p.prosecdef, p.proisstrict,
      coalesce(p.proconfig::text, 'none'), ${roleName('p.proowner')}, ${rights('p.proacl', 'f', 'p.proowner')},
      encode(sha256(convert_to(p.prosrc || coalesce(pg_get_function_sqlbody(p.oid), ''), 'UTF8')), 'hex'))
  FROM schemas AS s JOIN pg_proc AS p ON p.pronamespace = s.oid JOIN pg_language AS l ON l.oid = p.prolang`;

const RULES = `
  SELECT format('rule %s %s', r.name, quote_ident(w.rulename)),
    format('%s; enabled %s', pg_get_ruledef(w.oid), w.ev_enabled)
  FROM relations AS r JOIN pg_rewrite AS w ON w.ev_class = r.oid`;

const POLICIES = `
  SELECT format('policy %s %s', r.name, quote_ident(p.polname)), format('for %s; using %s; with check %s',
    p.polcmd, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
  FROM relations AS r JOIN pg_policy AS p ON p.polrelid = r.oid`;

const PARENTS = `
  SELECT 'inheritance ' || h.inhrelid::regclass, 'child of ' || h.inhparent::regclass
  FROM pg_inherits AS h
  WHERE h.inhparent IN (SELECT r.oid FROM relations AS r) OR h.inhrelid IN (SELECT r.oid FROM relations AS r)`;

/** Types, operators and whatever else a schema can have in it: each depends on its schema. */
const OTHERS = `
  SELECT format('%s %s', o.type, o.identity), 'there'
  FROM schemas AS s
  JOIN pg_depend AS d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = s.oid
  CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS o
  WHERE d.classid NOT IN ('pg_class'::regclass, 'pg_proc'::regclass)`;

const KINDS = [
  SCHEMAS,
  RELATIONS,
  COLUMNS,
  CONSTRAINTS,
  INDEXES,
  TRIGGERS,
  FUNCTIONS,
  RULES,
  POLICIES,
  PARENTS,
  OTHERS,
];

/** $1 schemas, $2 roles, $3 their parts. Unqualified names are pg_catalog's: search_path has nothing else. */
export const CATALOGUE_STATEMENT = `
  WITH schemas AS (
    SELECT n.oid, n.nspname AS name FROM pg_namespace AS n WHERE n.nspname = ANY ($1::name[])
  ), role_names AS (
    SELECT r.oid, coalesce(k.part, 'role ' || quote_ident(r.rolname)) AS name
    FROM pg_roles AS r LEFT JOIN unnest($2::name[], $3::text[]) AS k (role, part) ON k.role = r.rolname
  ), relations AS (
    SELECT c.oid, format('%s.%s', s.name, quote_ident(c.relname)) AS name
    FROM schemas AS s JOIN pg_class AS c ON c.relnamespace = s.oid
  ), objects (object, definition) AS (${KINDS.join('\n  UNION ALL')}
  )
  SELECT object, definition FROM objects ORDER BY object COLLATE "C"`;
