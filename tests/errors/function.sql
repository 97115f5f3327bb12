SELECT 1,
  UPPR('a');
