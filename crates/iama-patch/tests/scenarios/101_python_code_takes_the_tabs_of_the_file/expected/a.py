class C:
	def m(self):
		print 1

	def n(self):
		if 1:
			print 2
