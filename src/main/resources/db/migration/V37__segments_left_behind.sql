-- What visitors leave behind whose ids are known people's counted as somebody of its own: whoever is such is asked once more, and leaves.
UPDATE segments_person s SET due = now() FROM cdp_profile p
WHERE p.ws = s.ws AND p.profile_no = s.profile_no AND p.user_id IS NULL AND p.merged_into IS NULL
  AND NOT EXISTS (SELECT FROM cdp_identity i WHERE i.profile_no = p.profile_no AND i.ws = p.ws);
